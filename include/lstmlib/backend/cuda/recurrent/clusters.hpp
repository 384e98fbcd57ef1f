// SPDX-License-Identifier: MIT
#pragma once
// LSTM layers of float32 by persistent kernels, with all steps in one launch. The interface between
// recurrent.cuh and clusters.cuh, which is compiled separately.

#include "lstmlib/backend/cuda/context.hpp"
#include "lstmlib/backend/cuda/recurrent/saved.hpp"
#include "lstmlib/backend/cuda/recurrent/time_order.hpp"

#include <cstdint>
#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Arguments of a pass over a layer. Arrays are in device memory.
struct ClusterPass {
  const RecurrentProblem<float>& problem;
  const TimeOrderView& order;
  RecurrentSaved<float> saved;
  /// Save gates and cells for backward; else `gates` only holds the input projections.
  bool keep;
  std::uint32_t* packed;  ///< memory of packed_bytes for the weights, aligned to 256 bytes
};

class ClusterRecurrent {
 public:
  virtual ~ClusterRecurrent() = default;
  /// Bytes of the packed weights, which forward fills and backward reads. 0: the problem must be solved in
  /// another way. Once 0, always 0.
  virtual std::size_t packed_bytes(const RecurrentProblem<float>&, bool with_backward) = 0;
  /// saved.gates: the input projections; bias [hidden_size, 4]. Returns false if nothing was done.
  virtual bool forward(const ClusterPass&, const float* bias, const RecurrentResult<float>&) = 0;
  /// Gates become gradients of the pre-activations; gradients of the initial states are added. Returns false
  /// if nothing was done.
  virtual bool backward(const ClusterPass&, const RecurrentResult<const float>& d_result,
                        const RecurrentGradients<float>&) = 0;
};

/// `prefer`: use persistent kernels even if others are estimated to be faster.
std::unique_ptr<ClusterRecurrent> make_cluster_recurrent(Context& context, bool prefer);

}  // namespace lstmlib::cuda
