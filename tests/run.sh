#!/bin/sh
# Installs what is missing, builds the tests and runs them.
#   tests/run.sh [--yes] [--all] [--slow] [options of ctest]
# --yes   install missing Debian packages without asking
# --all   besides the plain build: the other compiler, sanitizers, fuzzers for 20 s each, the reference documentation
# --slow  the long ones alone (soaks, long fuzzing, clean-root installs, accuracy over many seeds, benchmarks)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/cmake/packages.sh"

yes=no all=no slow=no
while [ $# -gt 0 ]; do
  case $1 in
    --yes) yes=yes ;;
    --all) all=yes ;;
    --slow) slow=yes ;;
    *) break ;;
  esac
  shift
done
# shellcheck disable=SC2086
need_packages $yes $build_packages $test_packages

jobs=$(nproc)
export LSTMLIB_OFFLINE=1
builds=${LSTMLIB_BUILD_DIR:-$top/build}

# build NAME COMPILER TYPE [cmake options]
build() {
  name=$1 compiler=$2 type=$3
  shift 3
  echo "== building $name"
  cmake -G Ninja -S "$top" -B "$builds/$name" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE="$type" "$@" >/dev/null
  cmake --build "$builds/$name" -j "$jobs"
}

if [ $all = yes ]; then
  echo "== reference documentation"
  "$top/docs/reference/build.sh" "$builds/reference"
  build sanitizers clang++ RelWithDebInfo -DLSTMLIB_SANITIZE=address,undefined -DLSTMLIB_BUILD_FUZZERS=ON
  ctest --test-dir "$builds/sanitizers" --output-on-failure -j "$jobs" -LE slow
  build clang clang++ Release -DLSTMLIB_BUILD_BENCHMARKS=ON
  ctest --test-dir "$builds/clang" --output-on-failure -j "$jobs" -LE slow
fi

build tests g++ Release -DLSTMLIB_BUILD_BENCHMARKS=ON
if [ $slow = yes ]; then
  exec ctest --test-dir "$builds/tests" --output-on-failure -L slow "$@"
fi
exec ctest --test-dir "$builds/tests" --output-on-failure -j "$jobs" -LE slow "$@"
