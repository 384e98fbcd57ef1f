#!/bin/sh
# declarations_test.sh COMPILER SOURCE NCCL_HEADERS CUDA_HEADERS: what we declare of NCCL is what its header has. Ends with status
# 77 where there is no header of NCCL or of CUDA.
set -eu
[ -e "$3/nccl.h" ] || { echo "skipped: no nccl.h (LSTMLIB_NCCL_HEADERS)"; exit 77; }
[ -e "$4/cuda_runtime.h" ] || { echo "skipped: no cuda_runtime.h (LSTMLIB_CUDA_HEADERS)"; exit 77; }
"$1" -std=c++20 -fsyntax-only -I"$2/include" -isystem "$3" -isystem "$4" "$2/tests/cuda/nccl/declarations.cpp"
echo "our declarations are those of $3/nccl.h"
