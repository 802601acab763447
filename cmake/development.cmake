# What our own tests and examples are built with. No consumer inherits any of it.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Debug CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

find_program(REJOINDER_CCACHE ccache)
mark_as_advanced(REJOINDER_CCACHE)
if(REJOINDER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # A file that uses a precompiled header is cached only if ccache may trust the header's defines and ignore its times.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${REJOINDER_CCACHE}")
endif()

add_library(rejoinder_dev INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    set(warnings -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
    if(REJOINDER_WERROR)
        list(APPEND warnings -Werror)
    endif()
    target_compile_options(rejoinder_dev INTERFACE ${warnings})
    if(REJOINDER_VERIFY_HEADERS)
        # The targets that compile each header alone link nothing of ours: only these flags reach them.
        list(JOIN warnings " " warnings)
        string(APPEND CMAKE_CXX_FLAGS " ${warnings}")
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(rejoinder_dev INTERFACE -fpch-preprocess) # lets ccache see through precompiled headers
        # A tenth of the compile time is g++ collecting its garbage: it may let twice as much lie.
        target_compile_options(rejoinder_dev INTERFACE "SHELL:--param ggc-min-expand=200" "SHELL:--param ggc-min-heapsize=524288")
    else()
        target_compile_options(rejoinder_dev INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Debug")
        target_compile_options(rejoinder_dev INTERFACE -g1) # lines in a sanitizer's report, without the cost of full types
    endif()
    if(NOT REJOINDER_SANITIZE STREQUAL "")
        set(sanitize "-fsanitize=${REJOINDER_SANITIZE}" -fno-omit-frame-pointer)
        if(NOT REJOINDER_SANITIZE STREQUAL "thread")
            list(APPEND sanitize -fno-sanitize-recover=all)
        elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # g++ warns that TSan knows no fences; Asio's fenced block is one.
            target_compile_definitions(rejoinder_dev INTERFACE ASIO_DISABLE_FENCED_BLOCK)
            target_compile_options(rejoinder_dev INTERFACE -Wno-tsan)
        endif()
        target_compile_options(rejoinder_dev INTERFACE ${sanitize})
        target_link_options(rejoinder_dev INTERFACE ${sanitize})
    endif()
endif()
