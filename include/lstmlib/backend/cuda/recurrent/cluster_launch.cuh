// SPDX-License-Identifier: MIT
#pragma once
// The compiled persistent kernels, and how they are launched.

#include "lstmlib/backend/cuda/launch.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_backward.cuh"
#include "lstmlib/backend/cuda/recurrent/cluster_forward.cuh"
#include "lstmlib/backend/cuda/recurrent/cluster_shapes.hpp"
#include "lstmlib/backend/cuda/recurrent/small_batch.cuh"

#include <array>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

namespace detail {

template <std::size_t... i>
auto forward_kernels(std::index_sequence<i...>) {
  return std::array{&cluster_forward_kernel<ForwardLayout<forward_shapes[i]>>...};
}
template <std::size_t... i>
auto small_kernels(std::index_sequence<i...>) {
  return std::array{&small_forward_kernel<SmallLayout<small_shapes[i]>>...};
}
template <std::size_t... i>
auto backward_kernels(std::index_sequence<i...>) {
  return std::array{&cluster_backward_kernel<BackwardLayout<backward_shapes[i]>>...};
}

inline auto forward_kernel(const ClusterKernel& kernel) {
  const auto i = static_cast<std::size_t>(kernel.index);
  if (kernel.pass == ClusterKernel::Pass::small_forward)
    return small_kernels(std::make_index_sequence<small_shapes.size()>())[i];
  return forward_kernels(std::make_index_sequence<forward_shapes.size()>())[i];
}
inline auto backward_kernel(const ClusterKernel& kernel) {
  return backward_kernels(
      std::make_index_sequence<backward_shapes.size()>())[static_cast<std::size_t>(kernel.index)];
}

inline LaunchShape launch_shape(const ClusterKernel& kernel, int sequences, int directions,
                                bool programmatic_launch) {
  const ClusterGeometry& geometry = geometry_of(kernel);
  return {.blocks = pieces(sequences, geometry.sequences) * geometry.blocks,
          .blocks_y = directions,
          .threads = geometry.threads,
          .shared_bytes = geometry.shared_bytes,
          .cluster = geometry.blocks,
          .programmatic_launch = programmatic_launch};
}

}  // namespace detail

/// Launches a forward kernel for the first `directions` directions. With programmatic_launch, the weights
/// must be complete before the previous kernel on the stream starts, so that they can be loaded while it
/// runs. Throws DeviceError if the device refuses; then nothing was launched.
inline void cluster_forward(Stream& stream, const ClusterKernel& kernel, const ClusterForward& arguments,
                            int directions, bool programmatic_launch = false) {
  launch(stream, detail::launch_shape(kernel, arguments.sequences.count, directions, programmatic_launch),
         detail::forward_kernel(kernel), arguments);
}
inline void cluster_backward(Stream& stream, const ClusterKernel& kernel, const ClusterBackward& arguments,
                             int directions, bool programmatic_launch = false) {
  launch(stream, detail::launch_shape(kernel, arguments.sequences.count, directions, programmatic_launch),
         detail::backward_kernel(kernel), arguments);
}

/// Number of the kernel's clusters that the device can run concurrently; 0 if none, for whatever reason.
inline int clusters_at_once(int device, const ClusterKernel& kernel) {
  const CurrentDevice scope(device);
  const ClusterGeometry& geometry = geometry_of(kernel);
  const auto* function = kernel.pass == ClusterKernel::Pass::backward
                             ? reinterpret_cast<const void*>(detail::backward_kernel(kernel))
                             : reinterpret_cast<const void*>(detail::forward_kernel(kernel));
  const auto works = [](cudaError_t code) {
    if (code != cudaSuccess) (void)cudaGetLastError();
    return code == cudaSuccess;
  };
  if (!works(
          cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, geometry.shared_bytes)))
    return 0;
  int count = 0;
  if (geometry.blocks == 1) {
    int multiprocessors = 0;
    if (!works(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
            &count, function, geometry.threads, static_cast<std::size_t>(geometry.shared_bytes))) ||
        !works(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device)))
      return 0;
    return count * multiprocessors;
  }
  if (geometry.blocks > default_cluster &&
      !works(cudaFuncSetAttribute(function, cudaFuncAttributeNonPortableClusterSizeAllowed, 1)))
    return 0;
  cudaLaunchAttribute attribute;
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = static_cast<unsigned>(geometry.blocks);
  attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(geometry.blocks));
  config.blockDim = dim3(static_cast<unsigned>(geometry.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(geometry.shared_bytes);
  config.attrs = &attribute;
  config.numAttrs = 1;
  return works(cudaOccupancyMaxActiveClusters(&count, function, &config)) ? count : 0;
}

}  // namespace lstmlib::cuda
