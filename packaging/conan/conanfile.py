import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class RejoinderConan(ConanFile):
    name = "rejoinder"
    description = "Correlated messaging: requests that survive their socket"
    license = "BSL-1.0"
    topics = ("asio", "messaging", "rpc", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def export_sources(self):
        # The recipe stands two folders below the sources that it packages.
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, src=root, dst=self.export_sources_folder)

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "..", "..", "include", "rejoinder", "version.hpp"))
        self.version = header.split('REJOINDER_VERSION_STRING "')[1].split('"')[0]

    def requirements(self):
        self.requires("asio/[>=1.22.1 <2]", transitive_headers=True)
        self.requires("boost/[>=1.81.0 <2]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["REJOINDER_TESTS"] = False
        toolchain.cache_variables["REJOINDER_EXAMPLES"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The package's own config file declares the targets and finds the dependencies.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append(os.path.join("share", "cmake", "rejoinder"))
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.defines = ["ASIO_STANDALONE"]
