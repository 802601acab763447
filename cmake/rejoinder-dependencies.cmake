# Finds what rejoinder::rejoinder needs and wraps it as rejoinder::asio and rejoinder::json. Used by the build and, installed,
# by consumers. Sets REJOINDER_DEPENDENCIES_MISSING: a sentence, empty when everything is there.
#
# REJOINDER_ASIO_INCLUDE_DIR  where asio.hpp is, when it is nowhere CMake looks
# REJOINDER_JSON              AUTO (default): link the compiled Boost.JSON if there is one, else compile json_source.cpp;
#                             LINKED or SOURCE: only that
set(REJOINDER_DEPENDENCIES_MISSING "")
set(REJOINDER_JSON "AUTO" CACHE STRING "How Boost.JSON is used: AUTO, LINKED or SOURCE")
set_property(CACHE REJOINDER_JSON PROPERTY STRINGS AUTO LINKED SOURCE)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads QUIET)

# --- Asio, standalone, 1.22 or newer ---------------------------------------------------------------------------------
if(NOT TARGET rejoinder::asio)
    # A target that the project has already, or that a package of Asio makes (vcpkg and Conan write one).
    set(rejoinder_asio_target "")
    set(rejoinder_asio_names asio::asio Asio::Asio asio::standalone asio)
    foreach(rejoinder_name IN LISTS rejoinder_asio_names)
        if(TARGET ${rejoinder_name})
            set(rejoinder_asio_target ${rejoinder_name})
            break()
        endif()
    endforeach()
    if(rejoinder_asio_target STREQUAL "" AND NOT REJOINDER_ASIO_INCLUDE_DIR)
        find_package(asio CONFIG QUIET NAMES asio Asio)
        foreach(rejoinder_name IN LISTS rejoinder_asio_names)
            if(TARGET ${rejoinder_name})
                set(rejoinder_asio_target ${rejoinder_name})
                break()
            endif()
        endforeach()
    endif()

    # The version is read from a header: Debian ships Asio without a CMake package or a .pc.
    set(rejoinder_asio_hints "")
    if(NOT rejoinder_asio_target STREQUAL "")
        get_target_property(rejoinder_asio_hints ${rejoinder_asio_target} INTERFACE_INCLUDE_DIRECTORIES)
        string(REGEX REPLACE "\\$<BUILD_INTERFACE:([^>]*)>" "\\1" rejoinder_asio_hints "${rejoinder_asio_hints}")
    endif()
    find_path(REJOINDER_ASIO_INCLUDE_DIR asio/version.hpp HINTS ${rejoinder_asio_hints})
    mark_as_advanced(REJOINDER_ASIO_INCLUDE_DIR)

    set(rejoinder_asio_version 0)
    if(REJOINDER_ASIO_INCLUDE_DIR)
        file(STRINGS "${REJOINDER_ASIO_INCLUDE_DIR}/asio/version.hpp" rejoinder_asio_version REGEX "define ASIO_VERSION ")
        string(REGEX REPLACE ".*ASIO_VERSION ([0-9]+).*" "\\1" rejoinder_asio_version "${rejoinder_asio_version}")
    endif()
    if(rejoinder_asio_target STREQUAL "" AND NOT REJOINDER_ASIO_INCLUDE_DIR)
        string(APPEND REJOINDER_DEPENDENCIES_MISSING
            "asio.hpp was not found (Debian: libasio-dev; else set REJOINDER_ASIO_INCLUDE_DIR). ")
    elseif(REJOINDER_ASIO_INCLUDE_DIR AND rejoinder_asio_version LESS 102200)
        string(APPEND REJOINDER_DEPENDENCIES_MISSING
            "Asio in ${REJOINDER_ASIO_INCLUDE_DIR} is version ${rejoinder_asio_version}, 102200 or newer is needed. ")
    else()
        add_library(rejoinder::asio INTERFACE IMPORTED)
        if(NOT rejoinder_asio_target STREQUAL "")
            target_link_libraries(rejoinder::asio INTERFACE ${rejoinder_asio_target})
        else()
            target_include_directories(rejoinder::asio INTERFACE "${REJOINDER_ASIO_INCLUDE_DIR}")
        endif()
        target_compile_definitions(rejoinder::asio INTERFACE ASIO_STANDALONE)
        # Before 1.26 Asio looks for coroutines under clang in libc++'s <experimental/coroutine> only.
        if(REJOINDER_ASIO_INCLUDE_DIR AND rejoinder_asio_version LESS 102600)
            target_compile_definitions(rejoinder::asio INTERFACE
                "$<$<CXX_COMPILER_ID:Clang,AppleClang>:ASIO_HAS_CO_AWAIT=1;ASIO_HAS_STD_COROUTINE=1>")
        endif()
        target_link_libraries(rejoinder::asio INTERFACE Threads::Threads)
    endif()
endif()

# --- Boost.JSON, 1.81 or newer ---------------------------------------------------------------------------------------
if(NOT TARGET rejoinder::json)
    if(NOT REJOINDER_JSON STREQUAL "SOURCE")
        if(NOT TARGET Boost::json)
            find_package(Boost 1.81 QUIET OPTIONAL_COMPONENTS json)
        endif()
        if(TARGET Boost::json)
            add_library(rejoinder::json INTERFACE IMPORTED)
            target_link_libraries(rejoinder::json INTERFACE Boost::json)
        endif()
    endif()
    if(NOT TARGET rejoinder::json AND NOT REJOINDER_JSON STREQUAL "LINKED")
        if(NOT TARGET Boost::headers)
            find_package(Boost 1.81 QUIET)
        endif()
        if(TARGET Boost::headers)
            # One translation unit holds boost/json/src.hpp; it is compiled here, once for the whole project.
            if(NOT TARGET rejoinder_json_source)
                add_library(rejoinder_json_source STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/json_source.cpp")
                set_target_properties(rejoinder_json_source PROPERTIES POSITION_INDEPENDENT_CODE ON)
                target_compile_features(rejoinder_json_source PUBLIC cxx_std_20)
                target_link_libraries(rejoinder_json_source PUBLIC Boost::headers)
            endif()
            add_library(rejoinder::json INTERFACE IMPORTED)
            target_link_libraries(rejoinder::json INTERFACE rejoinder_json_source)
        endif()
    endif()
    if(NOT TARGET rejoinder::json)
        string(APPEND REJOINDER_DEPENDENCIES_MISSING
            "Boost.JSON 1.81 or newer was not found (Debian 12: libboost-json1.81-dev; else set Boost_ROOT). ")
    endif()
endif()
