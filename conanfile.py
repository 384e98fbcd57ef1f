# The Conan recipe (Conan 2): `conan create . --build=missing`.
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import load


class Lstmlib(ConanFile):
    name = "lstmlib"
    description = "Recurrent text models in C++20, header-only"
    license = "MIT"
    topics = ("deep-learning", "lstm", "gru", "rnn", "header-only")
    settings = "os", "arch", "compiler", "build_type"
    # cpu: compile the CPU kernels once, as lstmlib::cpu. Other optional parts are for builds by CMake.
    options = {"cpu": [True, False]}
    default_options = {"cpu": True}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"

    def set_version(self):
        header = load(self, f"{self.recipe_folder}/include/lstmlib/version.hpp")
        self.version = ".".join(re.findall(r"#define LSTMLIB_VERSION_\w+ (\d+)", header))

    def requirements(self):
        for dependency in ("eigen/3.4.0", "zlib/1.3.1", "nlohmann_json/3.11.3"):
            self.requires(dependency, transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["LSTMLIB_CPU"] = bool(self.options.cpu)
        for part in ("PLOT", "SERVE", "MPI", "CUDA"):
            toolchain.cache_variables[f"LSTMLIB_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_id(self):
        if not self.info.options.cpu:
            self.info.settings.clear()

    def package_info(self):
        # The library brings its own files for find_package.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/lstmlib"]
        self.cpp_info.libs = ["lstmlib_cpu"] if self.options.cpu else []
