#!/bin/sh
# compile_test.sh SOURCE ARCHITECTURE SCRATCH: the whole CUDA part compiles for an architecture, as 90a, without a warning; each
# kernel keeps to its registers, stack and spills (limits.txt); and the steps of the persistent kernels are what they should be
# (loops.txt), in PTX, and in SASS where there is an nvdisasm. Ends with status 77 where there is no nvcc.
set -eu
source=$1 architecture=$2 scratch=$3
here=$source/tests/cuda/nvcc

# find_tool NAME: its path; nothing if it is not there.
find_tool() { command -v "$1" || { [ ! -x "/usr/local/cuda/bin/$1" ] || echo "/usr/local/cuda/bin/$1"; }; }
nvcc=${NVCC:-$(find_tool nvcc)}
[ "$nvcc" ] || { echo "skipped: no nvcc"; exit 77; }

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
printf '#include <lstmlib/%s>\n' backend/cuda/entry.cuh distributed/nccl/communicator.cuh >all.cu
"$nvcc" -std=c++20 -O2 -I"$source/include" -gencode="arch=compute_$architecture,code=sm_$architecture" -Werror=all-warnings \
  -Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion,-Werror -Xptxas=-v -keep -c all.cu -o all.o >log 2>&1 || { grep -v '^ptxas info' log; exit 1; }
echo "it compiles for sm_$architecture"

failed=0
awk -f "$here/limits.awk" "$here/limits.txt" log || failed=1
case $architecture in
  9* | 1*)
    awk -f "$here/loops.awk" "$here/loops.txt" all.ptx || failed=1
    nvdisasm=${LSTMLIB_NVDISASM:-$(find_tool nvdisasm)}
    if [ "$nvdisasm" ]; then
      "$nvdisasm" -c all*.cubin >all.sass
      awk -f "$here/loops.awk" "$here/loops.txt" all.sass || failed=1
    else
      echo "SASS is not looked at: no nvdisasm (LSTMLIB_NVDISASM)"
    fi ;;
esac
exit $failed
