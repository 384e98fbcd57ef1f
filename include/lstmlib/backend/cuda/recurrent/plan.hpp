// SPDX-License-Identifier: MIT
#pragma once
// Which kernels a layer runs on. The times are estimates from the work of a step, made to compare kernels and
// not to predict: with 304 and 512 units an H100's forward kernels take what they say to a fifth, its
// backward kernels a sixth to two fifths more.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_shapes.hpp"
#include "lstmlib/backend/cuda/recurrent/packed_weights.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// What the planner is told of a device.
struct DeviceFacts {
  int compute_major = 0;          ///< 9: clusters and transaction barriers
  int shared_bytes_of_block = 0;  ///< at most, for those that ask
};

/// A layer's pass to plan, all directions together.
struct RecurrentTask {
  const SequenceLayout& layout;
  Index hidden_size;
  int directions;
  Precision precision;
};

/// The kernels of a layer: the same copy of the weights serves both. A layer that is not trained has no
/// `backward`. The small kernel takes the weights as they are.
struct ClusterPlan {
  ClusterKernel forward;
  std::optional<ClusterKernel> backward;
  PackedWeights weights;

  bool packs_weights() const { return forward.pass == ClusterKernel::Pass::forward || backward; }
};

namespace detail {

/// Cycles of a step.
struct StepCosts {
  static constexpr double exchange = 700;  ///< from one block's shared memory to another's, and waking up
  static constexpr double block_barrier = 40;
  static constexpr double cell = 120;            ///< nonlinearities, for each tile of a warp in turn
  static constexpr double product = 4;           ///< of 16 x 16 x 8, in chains, with four units at work
  static constexpr double fragment_traffic = 4;  ///< 512 bytes written to or read from shared memory
  static constexpr double fused_multiply = 1.0 / 128;
  static constexpr double cycles_per_microsecond = 1980;
  /// Of kernels that are launched for each step; and what they reach, 10^6 operations a microsecond.
  static constexpr double portable_step = 11;
  static constexpr double portable_fp32 = 40, portable_fp16 = 200, portable_bf16 = 400;
};

constexpr int passes(Operands operands) { return is_split(operands) ? 3 : 1; }

/// Cycles of the products, and of reading their operands meanwhile: each group of warps reads all values, and
/// what is not in registers of the weights.
constexpr double product_cycles(int fragments, int groups, int steps, Operands operands, bool low_in_shared) {
  const double values = (is_split(operands) ? 1.0 : 0.5) * groups * steps;
  const double low = is_split(operands) && low_in_shared ? fragments : 0;
  return std::max(fragments * passes(operands) * StepCosts::product,
                  (values + low) * StepCosts::fragment_traffic);
}
constexpr double cycles(const ForwardShape& s) {
  const double partials = 2.0 * s.step_groups * s.tiles();  // written and read
  return product_cycles(s.tiles() * s.product_steps(), s.warps() / s.step_groups, s.product_steps(),
                        s.operands, s.low_in_shared) +
         partials * StepCosts::fragment_traffic + StepCosts::cell * pieces(s.tiles(), s.warps()) +
         StepCosts::block_barrier + (s.blocks > 1 ? StepCosts::exchange : StepCosts::block_barrier);
}
constexpr double cycles(const BackwardShape& s) {
  const double parts = s.blocks * s.tile_groups * s.tiles() / 4.0;  // of 128 bytes
  return product_cycles(s.tiles() * s.outputs(), s.warps() / s.tile_groups, s.tiles(), s.operands,
                        s.low_in_shared) +
         parts * StepCosts::fragment_traffic + StepCosts::cell * pieces(s.tiles(), s.warps()) +
         StepCosts::block_barrier * (is_half(s.operands) ? 2 : 1) +
         (s.blocks > 1 ? StepCosts::exchange : StepCosts::block_barrier);
}
constexpr double cycles(const SmallShape& s) {
  return 4.0 * s.units() * s.padded_size * StepCosts::fused_multiply + 2 * StepCosts::cell +
         (s.blocks > 1 ? StepCosts::exchange : StepCosts::block_barrier);
}

inline double cycles_of(const ClusterKernel& kernel) {
  const auto i = static_cast<std::size_t>(kernel.index);
  switch (kernel.pass) {
    case ClusterKernel::Pass::forward: return cycles(forward_shapes[i]);
    case ClusterKernel::Pass::small_forward: return cycles(small_shapes[i]);
    case ClusterKernel::Pass::backward: break;
  }
  return cycles(backward_shapes[i]);
}

/// Steps that pass until all clusters have come to their end, each of so many sequences, so many of them at
/// once: the longest first, as blocks are started, the next where one has ended.
inline double steps_of_all(const RecurrentTask& task, int sequences, int at_once) {
  if (task.layout.sequences() > Index{16} * sequences * at_once)  // so many rounds even out
    return static_cast<double>(task.layout.rows()) * task.directions / (sequences * at_once);
  std::priority_queue<Index, std::vector<Index>, std::greater<>> ends;  // of the clusters that run
  Index last = 0;
  for (int direction = 0; direction < task.directions; ++direction)
    for (Index place = 0; place < task.layout.sequences(); place += sequences) {
      Index start = 0;
      if (static_cast<int>(ends.size()) == at_once) {
        start = ends.top();
        ends.pop();
      }
      const Index end =
          start + task.layout.length(task.layout.sorted_indices()[static_cast<std::size_t>(place)]);
      ends.push(end);
      last = std::max(last, end);
    }
  return static_cast<double>(last);
}

/// Microseconds of the kernels that are launched for each step.
inline double portable_microseconds(const RecurrentTask& task) {
  const double rate = task.precision == Precision::bf16   ? StepCosts::portable_bf16
                      : task.precision == Precision::fp16 ? StepCosts::portable_fp16
                                                          : StepCosts::portable_fp32;
  const auto rows = static_cast<double>(task.layout.rows()),
             steps = static_cast<double>(task.layout.time_steps()),
             hidden_size = static_cast<double>(task.hidden_size);
  const double operations = 8 * rows * hidden_size * hidden_size;
  return std::max(StepCosts::portable_step * steps, operations / rate * 1e-6) * task.directions;
}

}  // namespace detail

/// Chooses among the kernels of the list for one device.
class ClusterPlanner {
 public:
  /// `clusters_at_once`: how many of a kernel's clusters the device runs at the same time; 0: it cannot.
  /// Asked once for each kernel.
  ClusterPlanner(const DeviceFacts& facts, std::function<int(const ClusterKernel&)> clusters_at_once)
      : facts_(facts), clusters_at_once_(std::move(clusters_at_once)) {}

  /// None where no kernel fits, or, unless clusters are preferred, where kernels that are launched for each
  /// step should be faster.
  std::optional<ClusterPlan> plan(const RecurrentTask& task, bool with_backward, bool prefer = false) {
    const auto padded = std::find_if(padded_sizes.begin(), padded_sizes.end(),
                                     [&](int size) { return size >= task.hidden_size; });
    if (facts_.compute_major < 9 || padded == padded_sizes.end() || task.layout.sequences() < 1) return {};
    const PrecisionOperands operands = operands_of(task.precision);
    Choice forward, backward;
    consider<ClusterKernel::Pass::forward>(forward_shapes, task, *padded, operands.forward, forward);
    // Exact to float32, so for the precisions that are.
    if (operands.forward == Operands::fp16x3)
      consider<ClusterKernel::Pass::small_forward>(small_shapes, task, *padded, Operands::fp16x3, forward);
    if (with_backward)
      consider<ClusterKernel::Pass::backward>(backward_shapes, task, *padded, operands.backward, backward);
    if (!forward.kernel || (with_backward && !backward.kernel)) return {};
    const double portable = detail::portable_microseconds(task) * (with_backward ? 2 : 1);
    if (!prefer && forward.microseconds + backward.microseconds >= portable) return {};
    return ClusterPlan{*forward.kernel, backward.kernel, {*padded, operands.forward, operands.backward}};
  }

  /// The device has refused to start it, whatever it said before: no plan will have it again.
  void refuse(const ClusterKernel& kernel) {
    for (auto& [known, clusters] : known_)
      if (known == kernel) {
        clusters = 0;
        return;
      }
    known_.emplace_back(kernel, 0);
  }

 private:
  struct Choice {
    std::optional<ClusterKernel> kernel;
    double microseconds = 0;
  };

  int clusters_of(const ClusterKernel& kernel) {
    for (const auto& [known, clusters] : known_)
      if (known == kernel) return clusters;
    const bool fits = geometry_of(kernel).shared_bytes <= facts_.shared_bytes_of_block;
    known_.emplace_back(kernel, fits ? clusters_at_once_(kernel) : 0);
    return known_.back().second;
  }

  template <ClusterKernel::Pass pass, class Shapes>
  void consider(const Shapes& shapes, const RecurrentTask& task, int padded_size, Operands operands,
                Choice& best) {
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      if (shapes[i].padded_size != padded_size) continue;
      if constexpr (pass != ClusterKernel::Pass::small_forward)
        if (shapes[i].operands != operands) continue;
      const ClusterKernel kernel{pass, static_cast<int>(i)};
      const int at_once = clusters_of(kernel);
      if (at_once < 1) continue;
      const double microseconds = detail::steps_of_all(task, geometry_of(kernel).sequences, at_once) *
                                  detail::cycles_of(kernel) / detail::StepCosts::cycles_per_microsecond;
      if (!best.kernel || microseconds < best.microseconds) best = {kernel, microseconds};
    }
  }

  DeviceFacts facts_;
  std::function<int(const ClusterKernel&)> clusters_at_once_;
  std::vector<std::pair<ClusterKernel, int>> known_;
};

}  // namespace lstmlib::cuda
