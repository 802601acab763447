vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO rejoinder/rejoinder
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)
set(VCPKG_BUILD_TYPE release) # header-only

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DREJOINDER_TESTS=OFF
        -DREJOINDER_EXAMPLES=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME rejoinder CONFIG_PATH share/cmake/rejoinder)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
