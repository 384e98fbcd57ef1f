#!/bin/sh
# Installs what is missing, builds the program, and runs the whole pipeline: get data, train, plot, predict.
#   examples/sentiment/run.sh [--yes] [options of `sentiment run`]
# --yes installs missing Debian packages without asking. `--help` lists all other options.
# The build is in build/release, or in $LSTMLIB_BUILD_DIR/release.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=cmake/packages.sh
. "$top/cmake/packages.sh"
# shellcheck source=cmake/progress.sh
. "$top/cmake/progress.sh"

yes=no
if [ "${1:-}" = --yes ]; then
  yes=yes
  shift
fi
# shellcheck disable=SC2086
need_packages $yes $build_packages

build=${LSTMLIB_BUILD_DIR:-$top/build}/release
mkdir -p "$build"
cuda=OFF  # without a GPU, the CUDA part would only cost minutes to compile, and slow down each start
! command -v nvidia-smi >/dev/null 2>&1 || cuda=AUTO
build_program() {
  cmake -G Ninja -S "$top" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON \
    -DLSTMLIB_BUILD_SENTIMENT=ON -DLSTMLIB_CUDA=$cuda \
    -DCMAKE_CXX_COMPILER_LAUNCHER="$top/cmake/running.sh${CMAKE_CXX_COMPILER_LAUNCHER:+;$CMAKE_CXX_COMPILER_LAUNCHER}" &&
    cmake --build "$build" --target sentiment
}
echo "Building in $build: takes some minutes the first time; the log is build.log" >&2
with_progress "$build" build_program || exit 1
exec "$build/examples/sentiment/sentiment" run "$@"
