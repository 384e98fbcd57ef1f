// SPDX-License-Identifier: MIT
#pragma once
// LSTM layers of float32 by persistent kernels, all steps in one launch: what recurrent.cuh asks of
// clusters.cuh, which is compiled apart.

#include "lstmlib/backend/cuda/context.hpp"
#include "lstmlib/backend/cuda/recurrent/saved.hpp"
#include "lstmlib/backend/cuda/recurrent/time_order.hpp"

#include <cstdint>
#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// A layer's pass. Arrays in the device's memory.
struct ClusterPass {
  const RecurrentProblem<float>& problem;
  const TimeOrderView& order;
  RecurrentSaved<float> saved;
  bool keep;              ///< the gates and cells, for backward; else the gates' place has the sums alone
  std::uint32_t* packed;  ///< the weights' copy: of packed_bytes, aligned to 256 bytes
};

class ClusterRecurrent {
 public:
  virtual ~ClusterRecurrent() = default;
  /// Of the weights' copy, which forward fills and backward reads; 0: this problem has to be solved in
  /// another way. Once it is 0, it stays so.
  virtual std::size_t packed_bytes(const RecurrentProblem<float>&, bool with_backward) = 0;
  /// saved.gates: the sums of the inputs; bias [hidden_size, 4]. False: nothing was done.
  virtual bool forward(const ClusterPass&, const float* bias, const RecurrentResult<float>&) = 0;
  /// Gates become gradients of the sums, and those of the first states are added. False: nothing was done.
  virtual bool backward(const ClusterPass&, const RecurrentResult<const float>& d_result,
                        const RecurrentGradients<float>&) = 0;
};

/// `prefer`: also where other kernels are estimated to be faster.
std::unique_ptr<ClusterRecurrent> make_cluster_recurrent(Context& context, bool prefer);

}  // namespace lstmlib::cuda
