#!/bin/sh
# Installs what is missing, builds the tests and runs them.
#   tests/run.sh [--yes] [--all] [--slow] [options of ctest]
# --yes   install missing Debian packages without asking
# --all   besides the plain build: the other compiler with sanitizers, fuzzers for 5 s each, the reference documentation
# --slow  the long ones alone (soaks, fuzzers for 10 minutes each, clean-root installs, accuracy over many seeds, faults
#         that tests have to notice, the other compiler's optimised build, ThreadSanitizer, the benchmarks)
# The builds are in build/, or in $LSTMLIB_BUILD_DIR. LSTMLIB_KIT_DIR names a folder of files to compare with; what needs them is
# skipped without it.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=cmake/packages.sh
. "$top/cmake/packages.sh"

yes=no all=no slow=no
while [ $# -gt 0 ]; do
  case $1 in
    --yes) yes=yes ;;
    --all) all=yes ;;
    --slow) slow=yes ;;
    --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
    *) break ;;
  esac
  shift
done

packages="$build_packages $test_packages"
[ $all$slow = nono ] || packages="$packages $all_test_packages"
[ $slow = no ] || packages="$packages $slow_test_packages"
# shellcheck disable=SC2086
need_packages $yes $packages

jobs=$(nproc)
export LSTMLIB_OFFLINE=1
builds=${LSTMLIB_BUILD_DIR:-$top/build}
kit=${LSTMLIB_KIT_DIR:-}
[ -d "$kit/compat" ] || kit=""
# Each header alone: 780 s of one core. The plain run does it, and --slow with both compilers.
benchmarks=OFF check_headers=ON model=OFF
[ $slow = no ] || benchmarks=ON model=ON
[ $all$slow != yesno ] || check_headers=OFF

# The kit's scripts run Chainer, and real clients of the cloud. Where one cannot be had, its tests say that they are skipped.
kit_python=""
if [ $all$slow != nono ] && [ -n "$kit" ]; then
  need_packages $yes python3-venv
  if python=$("$top/tests/kit/python.sh" "$kit" chainer); then export LSTMLIB_CHAINER_PYTHON="$python"; fi
  kit_python=$("$top/tests/kit/python.sh" "$kit" sagemaker) || kit_python=""
fi

# What nvcc makes is looked into with NVIDIA's disassembler, where one can be had.
if [ $all$slow != nono ] && { command -v nvcc || [ -x /usr/local/cuda/bin/nvcc ]; } >/dev/null; then
  need_packages $yes python3-venv
  if nvdisasm=$("$top/tests/cuda/nvcc/nvdisasm.sh"); then export LSTMLIB_NVDISASM="$nvdisasm"; fi
fi

# build NAME TARGETS COMPILER TYPE [options of cmake]. Eight sources at a time are compiled as one: they share headers
# that take longer than they do. -O2, as -O3 makes nothing faster but takes longer.
build() {
  name=$1 targets=$2 compiler=$3 type=$4
  shift 4
  echo "== building $targets in $builds/$name ($compiler, $type)"
  cmake -G Ninja -S "$top" -B "$builds/$name" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE="$type" \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DLSTMLIB_BUILD_TESTS=ON -DLSTMLIB_BUILD_EXAMPLES=ON -DLSTMLIB_BUILD_SENTIMENT=ON \
    -DCMAKE_UNITY_BUILD=ON -DLSTMLIB_KIT_DIR="$kit" -DLSTMLIB_KIT_PYTHON="$kit_python" "$@" >/dev/null
  # shellcheck disable=SC2086
  cmake --build "$builds/$name" --target $targets -j "$jobs"
}
# run_tests NAME [options of ctest]; -j counts places, of which a test that computes takes two.
run_tests() {
  name=$1
  shift
  echo "== testing $builds/$name"
  ctest --test-dir "$builds/$name" --output-on-failure "$@"
}

# build_with_sanitizers TARGET
build_with_sanitizers() {
  build sanitizers "$1" clang++ Debug -DLSTMLIB_CUDA=OFF -DCMAKE_CXX_FLAGS_DEBUG=-g1 -DLSTMLIB_SANITIZE=address,undefined -DLSTMLIB_BUILD_FUZZERS=ON \
    -DLSTMLIB_PRECOMPILE=ON -DLSTMLIB_CHECK_HEADERS=OFF
}

if [ $all = yes ]; then
  echo "== reference documentation"
  "$top/docs/reference/build.sh" "$builds/reference"
  build_with_sanitizers all
  run_tests sanitizers -j "$((2 * jobs))" -LE slow "$@"
fi
if [ $slow = yes ]; then
  build_with_sanitizers all
  run_tests sanitizers -j "$((2 * jobs))" -L slow -E "^slow/[^f]" "$@"  # fuzzing, and what takes too long with sanitizers
  # Everything that has threads, or that they may share.
  threaded="base backend tensor autograd data train distributed serve"
  # shellcheck disable=SC2086
  build threads "test_life $(printf 'test_%s ' $threaded)" clang++ Debug -DLSTMLIB_CUDA=OFF -DCMAKE_CXX_FLAGS_DEBUG=-g1 \
    -DLSTMLIB_SANITIZE=thread -DLSTMLIB_PRECOMPILE=ON -DLSTMLIB_CHECK_HEADERS=OFF
  # Not with MPI, which was not built with this sanitizer.
  run_tests threads -j "$((2 * jobs))" -R "^($(echo process $threaded | tr ' ' '|'))/" -E "/baseline$|/mpi/" "$@"
  # One source at a time, which shows missing includes.
  build clang all clang++ Release -DLSTMLIB_CUDA=OFF -DCMAKE_UNITY_BUILD=OFF -DLSTMLIB_BUILD_BENCHMARKS=ON
  run_tests clang -j "$((2 * jobs))" -LE slow "$@"
fi

# One kind of GPU, the one that has most: for each, the CUDA part is compiled again.
build tests all g++ Release -DCMAKE_CUDA_ARCHITECTURES=90a-real -DLSTMLIB_BUILD_BENCHMARKS=$benchmarks -DLSTMLIB_CHECK_HEADERS=$check_headers \
  -DLSTMLIB_MODEL_INSTRUCTION_SETS=$model
if [ $slow = yes ]; then
  run_tests tests -L slow "$@"
else
  # Of their own, as they are skipped where there is no GPU.
  [ ! -x "$builds/tests/tests/test_gpu" ] || run_tests tests -L gpu "$@"
  run_tests tests -j "$((2 * jobs))" -LE "slow|gpu" "$@"
fi
