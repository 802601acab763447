# The library's targets. Headers are found by glob; tests/consumer checks that an installed tree has all of them.
file(GLOB_RECURSE all_headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include/*.hpp")
set(core_headers ${all_headers})
list(FILTER core_headers INCLUDE REGEX "^include/rejoinder/(core/.*|core\\.hpp|version\\.hpp)$")
set(other_headers ${all_headers})
list(REMOVE_ITEM other_headers ${core_headers})
# What needs more than Asio and Boost.JSON is a target of its own.
list(FILTER other_headers EXCLUDE REGEX
    "^include/rejoinder/(store/|sink/spdlog\\.hpp|wire/websocket_deflate\\.hpp|(channel|net)/tls_)")

# Declares an interface library over headers of include/, as a file set where CMake knows them.
function(rejoinder_add_library name headers)
    add_library(rejoinder_${name} INTERFACE)
    add_library(rejoinder::${name} ALIAS rejoinder_${name})
    target_compile_features(rejoinder_${name} INTERFACE cxx_std_20)
    set_target_properties(rejoinder_${name} PROPERTIES EXPORT_NAME ${name})
    if(CMAKE_VERSION VERSION_LESS 3.23)
        target_include_directories(rejoinder_${name} INTERFACE
            "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
        return()
    endif()
    list(TRANSFORM headers PREPEND "${PROJECT_SOURCE_DIR}/")
    target_sources(rejoinder_${name} INTERFACE
        FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${headers})
    set_target_properties(rejoinder_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS "${REJOINDER_VERIFY_HEADERS}")
endfunction()

rejoinder_add_library(core "${core_headers}")
rejoinder_add_library(rejoinder "${other_headers}")

include("${CMAKE_CURRENT_LIST_DIR}/rejoinder-dependencies.cmake")
if(NOT REJOINDER_DEPENDENCIES_MISSING STREQUAL "")
    message(STATUS "rejoinder: only rejoinder::core can be used here: ${REJOINDER_DEPENDENCIES_MISSING}")
endif()
target_link_libraries(rejoinder_rejoinder INTERFACE rejoinder_core rejoinder::asio rejoinder::json)

# A header beside the stairs and the library that it needs, as a target of its own. Whoever links it must have that library; building and
# installing this one does not need it.
set(rejoinder_optional_targets "")
function(rejoinder_add_optional name pattern package target)
    if(NOT TARGET ${target})
        get_directory_property(before IMPORTED_TARGETS)
        find_package(${package} QUIET)
        if(NOT rejoinder_is_top_level) # what is found here, and what that stands on, is used by the project around this one
            get_directory_property(found IMPORTED_TARGETS)
            list(REMOVE_ITEM found "" ${before})
            if(found)
                set_target_properties(${found} PROPERTIES IMPORTED_GLOBAL ON)
            endif()
        endif()
    endif()
    set(headers ${all_headers})
    list(FILTER headers INCLUDE REGEX "^include/rejoinder/${pattern}$")
    rejoinder_add_library(${name} "${headers}")
    target_link_libraries(rejoinder_${name} INTERFACE rejoinder_rejoinder ${target})
    if(NOT TARGET ${target})
        set_target_properties(rejoinder_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS OFF)
    endif()
    set(rejoinder_optional_targets ${rejoinder_optional_targets} "${name}" PARENT_SCOPE)
endfunction()
rejoinder_add_optional(sqlite "store/(detail/)?sqlite.*" SQLite3 SQLite::SQLite3)
rejoinder_add_optional(tls "(channel|net)/tls_.*" OpenSSL OpenSSL::SSL)
rejoinder_add_optional(spdlog "sink/spdlog\\.hpp" spdlog spdlog::spdlog)
rejoinder_add_optional(deflate "wire/websocket_deflate\\.hpp" ZLIB ZLIB::ZLIB)
