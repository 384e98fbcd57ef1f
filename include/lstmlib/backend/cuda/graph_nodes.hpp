// SPDX-License-Identifier: MIT
#pragma once
// The nodes of a captured graph. An instantiated graph can be updated with the addresses and sizes of another
// graph only if both have the same kernels in the same places and the same cluster shapes. Some drivers
// (580.159 on an H100) accept other graphs too, and then run something that is neither graph. For example,
// cuBLAS launches the same kernel in clusters of 2 or 4 blocks, depending on the sizes of a product.

#include "lstmlib/backend/cuda/check.hpp"

#include <cuda.h>

#include <compare>
#include <cstddef>
#include <optional>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// A node: its kind, and for kernels also which one and its cluster shape (0 without clusters).
struct GraphNode {
  cudaGraphNodeType kind;
  const void* kernel;
  unsigned cluster_x, cluster_y, cluster_z;

  auto operator<=>(const GraphNode&) const = default;
};
/// In the order of the capture.
using GraphNodes = std::vector<GraphNode>;

namespace detail {

using GetKernelParameters = CUresult(CUDAAPI*)(CUgraphNode, CUDA_KERNEL_NODE_PARAMS*);

/// The driver's own function, because the runtime's does not support kernels of libraries. Null if there is
/// none.
inline GetKernelParameters get_kernel_parameters() {
  static const auto found = [] {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult result{};
    constexpr auto name = "cuGraphKernelNodeGetParams";
#if CUDART_VERSION >= 12050
    constexpr unsigned version = 12000;  // first version whose parameters name kernels of libraries
    const auto error = cudaGetDriverEntryPointByVersion(name, &function, version, cudaEnableDefault, &result);
#else
    const auto error = cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &result);
#endif
    if (error == cudaSuccess && result == cudaDriverEntryPointSuccess)
      return reinterpret_cast<GetKernelParameters>(function);
    (void)cudaGetLastError();
    return GetKernelParameters{};
  }();
  return found;
}

/// Fills in the kernel's fields. Returns false if the driver does not provide them.
inline bool describe_kernel(cudaGraphNode_t handle, GraphNode& node) {
  const auto get = get_kernel_parameters();
  CUDA_KERNEL_NODE_PARAMS parameters{};
  if (!get || get(handle, &parameters) != CUDA_SUCCESS) return false;
  node.kernel = parameters.func ? static_cast<const void*>(parameters.func) : parameters.kern;
  cudaLaunchAttributeValue value{};
  if (cudaGraphKernelNodeGetAttribute(handle, cudaLaunchAttributeClusterDimension, &value) == cudaSuccess) {
    node.cluster_x = value.clusterDim.x;
    node.cluster_y = value.clusterDim.y;
    node.cluster_z = value.clusterDim.z;
  } else {
    (void)cudaGetLastError();  // devices without clusters
  }
  return node.kernel != nullptr;
}

}  // namespace detail

/// Nothing if a kernel cannot be identified.
inline std::optional<GraphNodes> nodes_of(cudaGraph_t graph) {
  std::size_t count = 0;
  check(cudaGraphGetNodes(graph, nullptr, &count), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> handles(count);
  if (count > 0) check(cudaGraphGetNodes(graph, handles.data(), &count), "cudaGraphGetNodes");
  GraphNodes nodes;
  nodes.reserve(count);
  for (const cudaGraphNode_t handle : handles) {
    GraphNode node{};
    check(cudaGraphNodeGetType(handle, &node.kind), "cudaGraphNodeGetType");
    if (node.kind == cudaGraphNodeTypeKernel && !detail::describe_kernel(handle, node)) return {};
    nodes.push_back(node);
  }
  return nodes;
}

}  // namespace lstmlib::cuda
