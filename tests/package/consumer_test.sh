#!/bin/sh
# consumer_test.sh WAY SOURCE BUILD SCRATCH COMPILER: builds and runs a user's project against this library.
# WAY: subdirectory, or installed (from a prefix with a space in its name, moved after the installation).
set -eu
way=$1 source=$2 build=$3 scratch=$4 compiler=$5
rm -rf "$scratch"
mkdir -p "$scratch"
case $way in
  subdirectory) where="-DSUBDIRECTORY=$source" ;;
  installed)
    cmake --install "$build" --prefix "$scratch/first prefix" >"$scratch/install.log"
    mv "$scratch/first prefix" "$scratch/other prefix"
    where="-DCMAKE_PREFIX_PATH=$scratch/other prefix" ;;
  *) echo "unknown way $way" >&2; exit 2 ;;
esac
programs="one_file two_files core_and_cpu"
# Where the library is compiled anew, its CUDA part would take too long.
cuda=OFF
if [ "$way" = installed ] && grep -qs LSTMLIB_HAS_CUDA "$scratch/other prefix"/lib*/cmake/lstmlib/lstmlib-targets.cmake "$scratch/other prefix"/lib/*/cmake/lstmlib/lstmlib-targets.cmake; then
  cuda=ON programs="$programs with_cuda own_cu"
fi
cmake -G Ninja -S "$source/tests/package/consumer" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$compiler" "$where" \
  -DLSTMLIB_CUDA=$cuda -DOWN_CU=$cuda
cmake --build "$scratch/build" -j 2
for program in $programs; do
  "$scratch/build/$program"
done
if [ -x "$scratch/build/with_mpi" ]; then
  "$source/tests/mpi/run.sh" mpirun 2 "$scratch/build/with_mpi"
fi
