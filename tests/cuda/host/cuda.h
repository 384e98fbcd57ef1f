// SPDX-License-Identifier: MIT
#pragma once
// Stands for the header of the CUDA driver in tests: what lstmlib uses of it. The functions are those of
// runtime/graph.hpp, which the runtime hands out.

#define CUDAAPI

enum CUresult : int { CUDA_SUCCESS = 0 };
using CUfunction = void*;
using CUkernel = void*;
using CUgraphNode = struct CUgraphNode_st*;

struct CUDA_KERNEL_NODE_PARAMS {
  CUfunction func;
  CUkernel kern;
};
