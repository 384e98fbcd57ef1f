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
programs="one_file two_files core_and_cpu one_file_linked"
[ "$way" = installed ] || programs="core_and_cpu one_file_linked"
cuda=OFF
if [ "$way" = installed ] && [ -n "$(find "$scratch/other prefix" -name lstmlib-cuda-targets.cmake)" ]; then
  cuda=ON programs="$programs with_cuda own_cu"
fi
cmake -G Ninja -S "$source/tests/package/consumer" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$compiler" "$where" \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DWITH_CUDA=$cuda
cmake --build "$scratch/build" -j 2
if [ "$way" = subdirectory ]; then
  # Of all parts that this machine could build (an nvcc and Boost may be there), the one that is linked.
  made=$(find "$scratch/build/lstmlib" -name '*.a' -o -name '*.o' | sed 's|.*/||' | sort | tr '\n' ' ')
  [ "$made" = "cpu.cpp.o definitions.cpp.o liblstmlib_cpu.a " ] || { echo "built: $made; the project links lstmlib::cpu alone" >&2; exit 1; }
  # The project has no build type, and so no optimisation. Nor does it promise to be free of warnings.
  command=$(grep '"command".*generated/cpu.cpp' "$scratch/build/compile_commands.json")
  level=$(printf '%s' "$command" | grep -o ' -O[^ ]*' | tail -n 1)
  [ "$level" = " -O2" ] || { echo "the kernels are compiled with '$level', not -O2: $command" >&2; exit 1; }
  ! printf '%s' "$command" | grep -q Werror || { echo "a user's warnings are errors: $command" >&2; exit 1; }
  echo "built $made with$level"
else
  # Without CMake. The folder's name has a space, which pkg-config escapes for a shell.
  flags=$(PKG_CONFIG_PATH=$(find "$scratch/other prefix" -name pkgconfig) pkg-config --cflags --libs lstmlib)
  eval "set -- $flags"
  "$compiler" -std=c++20 -DCONSUMER_CORE_ONLY "$source"/tests/package/consumer/two_files*.cpp "$@" -o "$scratch/pkg_config"
  "$scratch/pkg_config"
  # The program needs no files beside it.
  if [ -x "$build/examples/sentiment/sentiment" ]; then
    (cd / && "$scratch/other prefix/bin/sentiment" datasets) | grep -q films || { echo "the installed program does not run" >&2; exit 1; }
  fi
fi
# Who links lstmlib::cpu compiles no kernels again.
object=$(find "$scratch/build" -path '*one_file_linked*' -name '*.o')
! nm -C "$object" | grep -q 'cpu::avx512::' || { echo "one_file_linked has kernels of its own" >&2; exit 1; }
for program in $programs; do
  "$scratch/build/$program"
done
if [ -x "$scratch/build/with_mpi" ]; then
  "$source/tests/distributed/mpi/run.sh" mpirun 2 "$scratch/build/with_mpi"
fi
