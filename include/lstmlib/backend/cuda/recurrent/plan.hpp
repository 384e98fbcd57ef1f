// SPDX-License-Identifier: MIT
#pragma once
// Chooses the kernels of a layer. Times are estimated from the work of a step, to compare kernels rather than
// to predict. On an H100 with 304 and 512 units, forward kernels take the estimated time within a fifth.
// Backward kernels take a sixth to two fifths more.

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

/// What the planner needs to know about a device.
struct DeviceFacts {
  int compute_major = 0;          ///< 9: clusters and transaction barriers
  int shared_bytes_of_block = 0;  ///< maximum, for kernels that opt in
};

/// A layer's pass to plan, all directions together.
struct RecurrentTask {
  const SequenceLayout& layout;
  Index hidden_size;
  int directions;
  Precision precision;
};

/// The kernels of a layer. The same packed weights serve both. `backward` is empty if the layer is not
/// trained. The small kernel uses unpacked weights.
struct ClusterPlan {
  ClusterKernel forward;
  std::optional<ClusterKernel> backward;
  PackedWeights weights;

  bool packs_weights() const { return forward.pass == ClusterKernel::Pass::forward || backward; }
};

namespace detail {

/// Cycles per step.
struct StepCosts {
  /// From shared memory of one block to another's, including wake-up.
  static constexpr double exchange = 700;
  static constexpr double block_barrier = 40;
  static constexpr double cell = 120;            ///< nonlinearities, per tile of a warp
  static constexpr double product = 4;           ///< of 16 x 16 x 8, in chains, with four tensor cores busy
  static constexpr double fragment_traffic = 4;  ///< 512 bytes written to or read from shared memory
  static constexpr double fused_multiply = 1.0 / 128;
  static constexpr double cycles_per_microsecond = 1980;
  /// For kernels that are launched per step: microseconds per step, and 10^6 operations per microsecond.
  static constexpr double portable_step = 11;
  static constexpr double portable_fp32 = 40, portable_fp16 = 200, portable_bf16 = 400;
};

constexpr int passes(Operands operands) { return is_split(operands) ? 3 : 1; }

/// Cycles of the products and of reading their operands meanwhile. Each group of warps reads all values, and
/// those weights that are not in registers.
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

/// Number of steps until all clusters have finished. Each has `sequences` sequences, and `at_once` of them
/// run concurrently. Longest first, in the order in which blocks are started; the next one starts when one
/// ends.
inline double steps_of_all(const RecurrentTask& task, int sequences, int at_once) {
  if (task.layout.sequences() > Index{16} * sequences * at_once)  // over so many rounds, differences even out
    return static_cast<double>(task.layout.rows()) * task.directions / (sequences * at_once);
  std::priority_queue<Index, std::vector<Index>, std::greater<>> ends;  // ends of the running clusters
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

/// Microseconds of the kernels that are launched per step.
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
  /// `clusters_at_once`: number of a kernel's clusters that the device can run concurrently; 0: it cannot run
  /// them. Called once per kernel.
  ClusterPlanner(const DeviceFacts& facts, std::function<int(const ClusterKernel&)> clusters_at_once)
      : facts_(facts), clusters_at_once_(std::move(clusters_at_once)) {}

  /// Nothing if no kernel fits or, unless `prefer` is set, if kernels that are launched per step should be
  /// faster.
  std::optional<ClusterPlan> plan(const RecurrentTask& task, bool with_backward, bool prefer = false) {
    const auto padded = std::find_if(padded_sizes.begin(), padded_sizes.end(),
                                     [&](int size) { return size >= task.hidden_size; });
    if (facts_.compute_major < 9 || padded == padded_sizes.end() || task.layout.sequences() < 1) return {};
    const PrecisionOperands operands = operands_of(task.precision);
    Choice forward, backward;
    consider<ClusterKernel::Pass::forward>(forward_shapes, task, *padded, operands.forward, forward);
    // Accurate to float32, so only for precisions that require that.
    if (operands.forward == Operands::fp16x3)
      consider<ClusterKernel::Pass::small_forward>(small_shapes, task, *padded, Operands::fp16x3, forward);
    if (with_backward)
      consider<ClusterKernel::Pass::backward>(backward_shapes, task, *padded, operands.backward, backward);
    if (!forward.kernel || (with_backward && !backward.kernel)) return {};
    const double portable = detail::portable_microseconds(task) * (with_backward ? 2 : 1);
    if (!prefer && forward.microseconds + backward.microseconds >= portable) return {};
    return ClusterPlan{*forward.kernel, backward.kernel, {*padded, operands.forward, operands.backward}};
  }

  /// Call it if the device refused to launch a kernel. No plan will contain the kernel again.
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
