# Installation: headers, a CMake package with the components core, all, sqlite, tls and spdlog, two pkg-config files, a Debian package.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Nothing here is built, so all of it goes where files that suit every machine go.
set(package_dir "${CMAKE_INSTALL_DATAROOTDIR}/cmake/rejoinder")
set(pkgconfig_dir "${CMAKE_INSTALL_DATAROOTDIR}/pkgconfig")

foreach(name IN ITEMS core rejoinder ${rejoinder_optional_targets})
    if(CMAKE_VERSION VERSION_LESS 3.23)
        install(TARGETS rejoinder_${name} EXPORT rejoinder-${name}-targets)
    else()
        install(TARGETS rejoinder_${name} EXPORT rejoinder-${name}-targets FILE_SET HEADERS)
    endif()
    install(EXPORT rejoinder-${name}-targets NAMESPACE rejoinder:: DESTINATION "${package_dir}")
endforeach()
if(CMAKE_VERSION VERSION_LESS 3.23)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()

configure_package_config_file(cmake/rejoinder-config.cmake.in "${PROJECT_BINARY_DIR}/rejoinder-config.cmake"
    INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rejoinder-config-version.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    "${PROJECT_BINARY_DIR}/rejoinder-config.cmake"
    "${PROJECT_BINARY_DIR}/rejoinder-config-version.cmake"
    cmake/rejoinder-dependencies.cmake
    cmake/json_source.cpp
    DESTINATION "${package_dir}")

# The compiled Boost.JSON is linked, unless this machine has its headers only.
set(pkgconfig_json_libs " -lboost_json")
if(TARGET rejoinder_json_source)
    set(pkgconfig_json_libs "")
endif()
configure_file(cmake/rejoinder-core.pc.in rejoinder-core.pc @ONLY)
configure_file(cmake/rejoinder.pc.in rejoinder.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rejoinder-core.pc" "${PROJECT_BINARY_DIR}/rejoinder.pc" DESTINATION "${pkgconfig_dir}")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME librejoinder-dev)
set(CPACK_PACKAGE_VENDOR "rejoinder")
set(CPACK_PACKAGE_CONTACT "The maintainers of rejoinder <maintainers@rejoinder.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
# Debian 12's default Boost is 1.74, which has no JSON; 1.81 stands beside it under a name of its own.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libasio-dev (>= 1:1.22), libboost-json-dev (>= 1.81) | libboost-json1.81-dev")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libsqlite3-dev, libssl-dev, zlib1g-dev")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES OFF)
include(CPack)
