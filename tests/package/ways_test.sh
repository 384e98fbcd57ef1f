#!/bin/sh
# ways_test.sh WAY SOURCE SCRATCH COMPILER: a user's project gets the library in one of these ways, and runs.
# minimal        installed where nothing is but a compiler, Eigen, zlib and nlohmann-json; besides, the messages on what is missing
# components     find_package with components that are there, that are not, and whose needs are not met
# fetch_content  FetchContent
# pkg_config     without CMake
# archive, deb   packages made by cpack
# conan, vcpkg   the recipe and the port
# presets        CMakePresets.json; and flags of the user's stay without
# The kernels are left out, as they take a minute to compile: consumer_test.sh links them.
set -eu
way=$1 source=$2 scratch=$3 compiler=$4
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$way: $*" >&2; exit 1; }
absent() { for package in "$@"; do printf -- '-DCMAKE_DISABLE_FIND_PACKAGE_%s=ON ' "$package"; done; }
extras=$(absent PkgConfig Boost MPI CUDAToolkit CURL OpenSSL EXPAT CLI11 doctest benchmark)

# library [options of cmake]: configures the headers alone in build.
library() {
  cmake -G Ninja -S "$source" -B build -DCMAKE_CXX_COMPILER="$compiler" -DLSTMLIB_CPU=OFF "$@" >library.log 2>&1 || {
    cat library.log >&2
    return 1
  }
}
# use PREFIX [options of cmake]: builds and runs the user's project with what is installed in PREFIX.
use() {
  prefix=$1
  shift
  rm -rf use
  cmake -G Ninja -S "$source/tests/package/light_consumer" -B use -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" "$@"
  cmake --build use
  use/light
}
# refused TEXT COMMAND ...: the command fails and says TEXT; line breaks and indents of CMake's messages do not count.
refused() {
  text=$1
  shift
  if "$@" >refused.log 2>&1; then fail "this must not work: $*"; fi
  tr -s ' \n' ' ' <refused.log | grep -qF -- "$text" || { cat refused.log >&2; fail "the message does not say: $text"; }
}

case $way in
  minimal)
    # shellcheck disable=SC2086
    library $extras
    cmake --install build --prefix "$scratch/prefix" >install.log
    [ -s prefix/share/doc/lstmlib-dev/copyright ] || fail "the licence is not installed"
    # shellcheck disable=SC2086
    use "$scratch/prefix" $extras
    # What is missing is said at once, for all parts.
    rm -rf build
    # shellcheck disable=SC2086
    refused "apt install libcairo2-dev pkg-config libboost-dev prometheus-cpp-dev libicu-dev libarchive-dev libcurl4-openssl-dev libssl-dev libexpat1-dev libcli11-dev doctest-dev" \
      library $extras -DLSTMLIB_CPU=ON -DLSTMLIB_BUILD_SENTIMENT=ON -DLSTMLIB_BUILD_TESTS=ON
    rm -rf build
    # shellcheck disable=SC2046,SC2086
    refused "apt install libeigen3-dev zlib1g-dev nlohmann-json3-dev" library $extras $(absent Eigen3 ZLIB nlohmann_json)
    # A part that is asked for is not left out silently.
    rm -rf build
    # shellcheck disable=SC2086
    refused "LSTMLIB_MPI=ON needs MPI 3.0" library $extras -DLSTMLIB_MPI=ON ;;
  components)
    library -DLSTMLIB_CUDA=OFF -DLSTMLIB_MPI=OFF
    cmake --install build --prefix "$scratch/prefix" >install.log
    project="-G Ninja -S $source/tests/package/light_consumer -B again -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_PREFIX_PATH=$scratch/prefix"
    # shellcheck disable=SC2086
    refused "lstmlib::serve: this installation of lstmlib was built without it (LSTMLIB_SERVE=ON builds it)" \
      cmake $project "-DCOMPONENTS=COMPONENTS;serve"
    # shellcheck disable=SC2086
    refused "lstmlib::speech: lstmlib has cpu, plot, serve, mpi and cuda" cmake $project "-DCOMPONENTS=COMPONENTS;speech"
    use "$scratch/prefix" "-DCOMPONENTS=OPTIONAL_COMPONENTS;serve" | tee use.log
    grep -q "No lstmlib::serve: this installation" use.log || fail "an optional component is left out silently"
    if [ -e "$(find prefix -name lstmlib-plot-targets.cmake)" ]; then
      use "$scratch/prefix" "-DCOMPONENTS=COMPONENTS;plot"
      # shellcheck disable=SC2086,SC2046
      refused "lstmlib::plot: it needs Cairo and pkg-config (Debian: libcairo2-dev pkg-config)" \
        cmake $project "-DCOMPONENTS=COMPONENTS;plot" $(absent PkgConfig)
      # Without components the rest works where pkg-config is not.
      # shellcheck disable=SC2046
      use "$scratch/prefix" $(absent PkgConfig)
    fi ;;
  fetch_content)
    use "" -DWAY=fetch_content -DSOURCE="$source" -DLSTMLIB_CUDA=OFF
    made=$(find use -name '*.a')
    [ -z "$made" ] || fail "built though nothing links it: $made" ;;
  pkg_config)
    command -v pkg-config >/dev/null || skip "no pkg-config"
    library -DLSTMLIB_CUDA=OFF
    cmake --install build --prefix "$scratch/prefix" >install.log
    PKG_CONFIG_PATH=$(dirname "$(find "$scratch/prefix" -name lstmlib.pc)")
    export PKG_CONFIG_PATH
    modules=lstmlib defines=""
    [ ! -e "$PKG_CONFIG_PATH/lstmlib-plot.pc" ] || modules="lstmlib-plot" defines=-DWITH_PLOT
    # shellcheck disable=SC2046,SC2086
    "$compiler" -std=c++20 $defines "$source/tests/package/light_consumer/light.cpp" $(pkg-config --cflags --libs $modules) -o light
    ./light ;;
  archive)
    library -DLSTMLIB_CUDA=OFF
    (cd build && cpack -G TGZ >cpack.log 2>&1) || { cat build/cpack.log >&2; fail "cpack"; }
    mkdir prefix
    tar -xzf build/lstmlib-*.tar.gz -C prefix --strip-components=1
    use "$scratch/prefix" ;;
  deb)
    command -v dpkg-deb >/dev/null || skip "no dpkg-deb"
    library -DLSTMLIB_CUDA=OFF -DCMAKE_INSTALL_PREFIX=/usr
    (cd build && cpack -G DEB >cpack.log 2>&1) || { cat build/cpack.log >&2; fail "cpack"; }
    dpkg-deb -f build/lstmlib-dev_*.deb Depends | grep -qx "libeigen3-dev, zlib1g-dev, nlohmann-json3-dev" || fail "what the package depends on"
    dpkg-deb -x build/lstmlib-dev_*.deb root
    [ -s root/usr/share/doc/lstmlib-dev/copyright ] || fail "no licence"
    use "$scratch/root/usr" ;;
  conan)
    conan=${LSTMLIB_CONAN:-$(command -v conan)} || true
    [ -n "$conan" ] || skip "no conan (LSTMLIB_CONAN)"
    export CONAN_HOME="$scratch/conan"
    "$conan" profile detect >conan.log 2>&1
    # What the library needs comes from the system, as no server is asked.
    cat >>conan/profiles/default <<'END_OF_PROFILE'
[platform_requires]
eigen/3.4.0
zlib/1.3.1
nlohmann_json/3.11.3
END_OF_PROFILE
    sed -i 's/^compiler.cppstd=.*/compiler.cppstd=20/' conan/profiles/default
    "$conan" create "$source" --test-folder "$source/tests/package/conan" -o '&:cpu=False' --no-remote \
      -c tools.cmake.cmake_layout:test_folder="$scratch/conan_test" >>conan.log 2>&1 || {
      tail -n 40 conan.log >&2
      fail "conan create"
    }
    grep -q '\["a","warm","film"\]' conan.log || { tail -n 40 conan.log >&2; fail "the test package did not run"; } ;;
  vcpkg)
    # vcpkg's own functions are in vcpkg_stand_in.cmake: each does what the port needs of it.
    cmake -DSOURCE="$source" -DSCRATCH="$scratch" -DCOMPILER="$compiler" -P "$source/tests/package/vcpkg_stand_in.cmake"
    use "$scratch/packages" ;;
  presets)
    for preset in default dev asan tsan cuda; do
      (cd "$source" && cmake --list-presets) | grep -q "\"$preset\"" || fail "no preset $preset"
    done
    cmake --preset default -S "$source" -B "$scratch/preset" -DCMAKE_CXX_COMPILER="$compiler" -DLSTMLIB_CUDA=OFF >preset.log
    for setting in 'CMAKE_CXX_FLAGS_RELEASE:[A-Z]*=-O2 -DNDEBUG' 'CMAKE_BUILD_TYPE:[A-Z]*=Release' 'LSTMLIB_BUILD_TESTS:BOOL=OFF' \
      'LSTMLIB_BUILD_SENTIMENT:BOOL=OFF' 'LSTMLIB_KIT_DIR:PATH='; do
      grep -qx -- "$setting" preset/CMakeCache.txt || fail "the preset default does not set $setting"
    done
    library -DLSTMLIB_CPU=ON -DLSTMLIB_CUDA=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O3 -DMINE" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    command=$(grep '"command".*generated/cpu.cpp' build/compile_commands.json)
    case $command in *"-O3 -DMINE"*) ;; *) fail "flags of the user's are gone: $command" ;; esac
    ! printf '%s' "$command" | grep -q -- '-O[^3]' || fail "another level was added: $command" ;;
  *) echo "unknown way $way" >&2; exit 2 ;;
esac
echo "$way: works"
