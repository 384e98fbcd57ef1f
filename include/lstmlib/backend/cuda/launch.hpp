// SPDX-License-Identifier: MIT
#pragma once
// The only place that launches kernels.

#include "lstmlib/backend/cuda/stream.hpp"

#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Grid and options of a launch. If `cluster` is above 1, that many blocks run concurrently and can access
/// each other's shared memory; it must divide `blocks`.
struct LaunchShape {
  int blocks = 1;
  int blocks_y = 1;
  int threads = 256;
  int shared_bytes = 0;  ///< for SharedArray
  int cluster = 1;
  /// Programmatic launch: the kernel may start before the previous kernels have finished. It must call
  /// simt::wait_for_previous_kernel before it reads what they write or writes what they read.
  bool programmatic_launch = false;
};

/// Shared memory of a block and cluster size that need no attribute of the kernel.
inline constexpr int default_shared_bytes = 48 * 1024, default_cluster = 8;

/// Launches `kernel(arguments...)` after the work on the stream. Throws DeviceError if the launch fails.
template <class... Parameters, class... Arguments>
void launch(Stream& stream, const LaunchShape& shape, void (*kernel)(Parameters...),
            Arguments&&... arguments) {
  const auto exclusive = stream.exclusive();
  const CurrentDevice scope(stream.device());
  if (shape.shared_bytes > default_shared_bytes)
    check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                               cudaFuncAttributeMaxDynamicSharedMemorySize, shape.shared_bytes),
          "shared memory of a kernel");
  if (shape.cluster > default_cluster)
    check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                               cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
          "cluster of a kernel");
  cudaLaunchAttribute attributes[2];
  unsigned count = 0;
  if (shape.cluster > 1) {
    attributes[count].id = cudaLaunchAttributeClusterDimension;
    attributes[count].val.clusterDim.x = static_cast<unsigned>(shape.cluster);
    attributes[count].val.clusterDim.y = 1;
    attributes[count++].val.clusterDim.z = 1;
  }
  if (shape.programmatic_launch) {
    attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[count++].val.programmaticStreamSerializationAllowed = 1;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.blocks_y));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
  config.stream = stream.handle();
  config.attrs = attributes;
  config.numAttrs = count;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), "launch of a kernel");
}

}  // namespace lstmlib::cuda
