#!/bin/sh
# aarch64_test.sh SOURCE SCRATCH: the library's tests built for 64-bit Arm and run by qemu's emulation, where kernels are
# those of the baseline. Needs g++-aarch64-linux-gnu and qemu-user; zlib for Arm is fetched from the Debian mirror into
# SCRATCH, and nothing is installed. Ends with status 77, which ctest counts as skipped, without them.
# FOLDERS chooses among the folders of tests/.
set -eu
source=$1 scratch=$2
folders=${FOLDERS:-base math backend tensor autograd ops nn optim io data train}
system=aarch64-linux-gnu

skip() { echo "skipped: $*"; exit 77; }

for tool in $system-g++ qemu-aarch64 cmake ninja dpkg-deb; do
  command -v $tool >/dev/null || skip "$tool is not installed"
done
mkdir -p "$scratch"
cd "$scratch"

if [ ! -e root/usr/lib/$system/libz.a ]; then
  mkdir -p apt/state/lists/partial apt/cache/archives/partial root
  : >apt/state/status
  apt_arm="apt-get -q -o Dir::State=$PWD/apt/state -o Dir::State::status=$PWD/apt/state/status -o Dir::Cache=$PWD/apt/cache
    -o APT::Architecture=arm64 -o APT::Architectures=arm64"
  # shellcheck disable=SC2086
  { $apt_arm update && $apt_arm download zlib1g zlib1g-dev; } >apt.log 2>&1 || skip "no mirror with packages for arm64"
  for package in zlib1g*.deb; do dpkg-deb -x "$package" root; done
fi

# GCC 12 takes a test's own operator new, which calls aligned_alloc, for a mismatch with free.
cmake -G Ninja -S "$source" -B build -DCMAKE_CXX_FLAGS=-Wno-mismatched-new-delete -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=$system-g++ -DCMAKE_CROSSCOMPILING_EMULATOR="$(command -v qemu-aarch64);-L;/usr/$system" \
  -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DLSTMLIB_BUILD_TESTS=ON -DLSTMLIB_INSTALL=OFF \
  -DZLIB_INCLUDE_DIR="$PWD/root/usr/include" -DZLIB_LIBRARY="$PWD/root/usr/lib/$system/libz.a" >cmake.log

targets="" tests=""
for folder in $folders; do
  targets="$targets test_$folder" tests="$tests|$folder"
done
# shellcheck disable=SC2086
ninja -C build $targets >build.log || { tail -n 30 build.log; exit 1; }
# train/kill starts its own program again, which here is one for another processor.
ctest --test-dir build --output-on-failure -LE slow -R "^(${tests#|})/" -E '^train/kill$'
