#!/bin/sh
# build.sh FOLDER [--smoke]: builds the programs of run.sh with nvcc and the host's compiler, or, with --smoke, on the execution
# model of the tests with only the host's compiler. If an optional program cannot be built, FOLDER/*.log has the reason.
set -eu
built=$1 smoke=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
host="${CXX:-g++} -std=c++20 -O2 -I$top/include"

if [ "$smoke" ]; then
  host="${CXX:-g++} -std=c++20 -O1 -I$top/include"
  device="${CXX:-g++} -std=c++20 -O1 -I$top/tests/cuda/host -I$top/include -x c++ -c"
  libraries="-ldl"
else
  nvcc=${NVCC:-$(command -v nvcc || echo "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc")}
  toolkit=$(dirname "$(dirname "$nvcc")")
  architecture=${LSTMLIB_GPU_ARCHITECTURE:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)}
  [ "$architecture" != 90 ] || architecture=90a
  device="$nvcc -std=c++20 -O3 -lineinfo -gencode=arch=compute_$architecture,code=sm_$architecture -I$top/include -c"
  at="-L$toolkit/lib64 -L$toolkit/lib -Wl,-rpath,$toolkit/lib64:$toolkit/lib"
  libraries="$at -lcublas -lcudart"
fi

# compile OBJECT COMMAND ...: in parallel with others; finish waits for all, and fails if one has failed.
running=""
compile() {
  object=$1
  shift
  "$@" -o "$object" &
  running="$running $!"
}
finish() {
  for job in $running; do wait "$job"; done
  running=""
}

# Each group of kernels is a file of its own.
echo '#include <lstmlib/backend/cuda/install.hpp>' >"$built/install.cu"
echo '#include <lstmlib/backend/cuda/recurrent/clusters.cuh>' >"$built/clusters.cu"
for group in Tensor Nn Recurrent Update; do
  file=$(echo $group | tr TNRU tnru)
  for type in float double; do
    echo "#include <lstmlib/backend/cuda/$file.cuh>
template std::unique_ptr<lstmlib::${group}Kernels<$type>> lstmlib::cuda::make_${file}_kernels<$type>(Context&);" >"$built/${file}_$type.cu"
  done
done
parts=""
# shellcheck disable=SC2086
{
  for part in "$built"/*.cu; do
    compile "${part%.cu}.o" $device "$part"
    parts="$parts ${part%.cu}.o"
  done
  compile "$built/latencies.main" $device "$here/latencies.cu"
  compile "$built/lstmlib_side.main" $host -c "$here/lstmlib_side.cpp"
  compile "$built/checks.main" $host -c "$top/tests/cuda/checks/checks.cpp"
  compile "$built/rounds" $host "$here/../cpu/rounds.cpp"
  finish
  $host "$built/lstmlib_side.main" $parts -o "$built/lstmlib_side" $libraries
  $host "$built/checks.main" $parts -o "$built/checks" $libraries
  $host "$built/latencies.main" -o "$built/latencies" $libraries
}
[ ! "$smoke" ] || exit 0

# cuDNN from the toolkit, from packages, or from those that PyTorch brings.
build_cudnn() {
  wheels=$("${LSTMLIB_PEER_PYTHON:-python3}" -c 'import nvidia.cudnn as c; print(list(c.__path__)[0])' 2>/dev/null || true)
  for folder in "$toolkit" /usr "$wheels"; do
    [ -e "$folder/include/cudnn.h" ] || continue
    for library in "$folder"/lib64/libcudnn.so* "$folder"/lib/libcudnn.so* "$folder"/lib/*/libcudnn.so*; do
      [ -e "$library" ] || continue
      # shellcheck disable=SC2086
      $host -I"$folder/include" -I"$toolkit/include" "$here/cudnn_side.cpp" -o "$built/cudnn_side" "$library" \
        -Wl,-rpath,"$(dirname "$library")" $at -lcudart && return
    done
  done
  echo "no cudnn.h with a matching libcudnn.so"
  return 1
}
build_cudnn >"$built/cudnn.log" 2>&1 || true

# The project's tests that GPU and CPU agree, if DEPS has the headers of Eigen and doctest.
build_agreement() {
  for header in Eigen/Core doctest/doctest.h; do
    [ -e "${DEPS:-}/$header" ] || { echo "DEPS is not a folder with $header"; return 1; }
  done
  echo '#include <lstmlib/backend/cpu/entry.hpp>' >"$built/cpu.cpp"
  objects=""
  # shellcheck disable=SC2086
  for source in "$built/cpu.cpp" "$top"/tests/cuda/main.cpp "$top"/tests/cuda/ops_test.cpp "$top"/tests/cuda/optim_test.cpp \
    "$top"/tests/cuda/errors_test.cpp "$top"/tests/cuda/recurrent_test.cpp "$top"/tests/cuda/graph_test.cpp; do
    object=$built/agreement_$(basename "$source" .cpp).main
    compile "$object" $host -O1 -I"$DEPS" -I"$top/tests" -DLSTMLIB_TEST_FIXTURES_DIR='""' -DLSTMLIB_TEST_KIT_DIR='""' \
      -DLSTMLIB_TEST_SCRATCH_DIR='""' -c "$source"
    objects="$objects $object"
  done
  finish
  # shellcheck disable=SC2086
  $host $objects $parts -o "$built/agreement" $libraries -pthread
}
(build_agreement) >"$built/agreement.log" 2>&1 || true
