// SPDX-License-Identifier: MIT
#pragma once
// Defines what clusters.hpp declares. Included in exactly one file of a program, by entry.cuh or in
// lstmlib::cuda.

#include "lstmlib/backend/cuda/recurrent/cluster_launch.cuh"
#include "lstmlib/backend/cuda/recurrent/clusters.hpp"
#include "lstmlib/backend/cuda/recurrent/pack_weights.cuh"
#include "lstmlib/backend/cuda/recurrent/plan.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

class PlannedClusters final : public ClusterRecurrent {
 public:
  PlannedClusters(Context& context, bool prefer)
      : stream_(context.stream),
        planner_(facts_of(stream_.device()),
                 [device = stream_.device()](const ClusterKernel& kernel) {
                   return clusters_at_once(device, kernel);
                 }),
        prefer_(prefer) {}

  std::size_t packed_bytes(const RecurrentProblem<float>& p, bool with_backward) override {
    const auto plan = plan_of(p, with_backward);
    return plan ? plan->weights.bytes() : 0;
  }

  bool forward(const ClusterPass& pass, const float* bias, const RecurrentResult<float>& result) override {
    const RecurrentProblem<float>& p = pass.problem;
    ClusterForward arguments{{}, sequences_of(pass), static_cast<int>(p.hidden_size())};
    ForwardDirection& direction = arguments.directions[0];
    direction.bias = bias;
    direction.projections = pass.saved.gates;
    direction.initial_hidden = p.initial_hidden.data;
    direction.initial_cell = p.initial_cell.data;
    direction.rows = pass.order.rows[p.reverse];
    direction.row_step = p.reverse ? -1 : 1;
    direction.hidden = result.hidden.data;
    direction.last_hidden = result.last_hidden.data;
    direction.last_cell = result.last_cell.data;
    direction.gates = pass.keep ? pass.saved.gates : nullptr;
    direction.cells = pass.keep ? pass.saved.cells : nullptr;
    bool is_packed = false;
    while (const auto plan = plan_of(p, pass.keep)) {
      if (plan->packs_weights() && !std::exchange(is_packed, true))
        pack_weights(stream_, plan->weights, p.weight_hidden.data, arguments.hidden_size, pass.packed);
      direction.weights = plan->forward.pass == ClusterKernel::Pass::small_forward
                              ? reinterpret_cast<const std::uint32_t*>(p.weight_hidden.data)
                              : pass.packed + plan->weights.forward_place();
      direction.weight_factor = reinterpret_cast<const float*>(pass.packed);
      if (starts(plan->forward, [&] { cluster_forward(stream_, plan->forward, arguments, 1); })) return true;
    }
    return false;
  }

  bool backward(const ClusterPass& pass, const RecurrentResult<const float>& d_result,
                const RecurrentGradients<float>& d) override {
    const RecurrentProblem<float>& p = pass.problem;
    ClusterBackward arguments{{}, sequences_of(pass), static_cast<int>(p.hidden_size())};
    BackwardDirection& direction = arguments.directions[0];
    direction.weight_factor = reinterpret_cast<const float*>(pass.packed);
    direction.gates = direction.d_gates = pass.saved.gates;
    direction.cells = pass.saved.cells;
    direction.initial_cell = p.initial_cell.data;
    direction.rows = pass.order.rows[p.reverse];
    direction.row_step = p.reverse ? -1 : 1;
    direction.d_hidden = d_result.hidden.data;
    direction.d_last_hidden = d_result.last_hidden.data;
    direction.d_last_cell = d_result.last_cell.data;
    direction.d_initial_hidden = d.initial_hidden.data;
    direction.d_initial_cell = d.initial_cell.data;
    while (const auto plan = plan_of(p, true)) {
      direction.weights = pass.packed + plan->weights.backward_place();
      if (starts(*plan->backward, [&] { cluster_backward(stream_, *plan->backward, arguments, 1); }))
        return true;
    }
    return false;
  }

 private:
  static DeviceFacts facts_of(int device) {
    const auto attribute = [device](cudaDeviceAttr which) {
      int value = 0;
      check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
      return value;
    };
    return {attribute(cudaDevAttrComputeCapabilityMajor), attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)};
  }
  static PlacedSequences sequences_of(const ClusterPass& pass) {
    return {pass.order.offsets, pass.order.lengths, pass.order.sequences,
            static_cast<int>(pass.problem.layout.sequences())};
  }
  std::optional<ClusterPlan> plan_of(const RecurrentProblem<float>& p, bool with_backward) {
    constexpr Index max_size = std::numeric_limits<int>::max();
    if (p.cell != RecurrentCell::lstm || p.hidden_size() > max_size || p.layout.sequences() > max_size)
      return {};
    return planner_.plan({p.layout, p.hidden_size(), 1, p.precision}, with_backward, prefer_);
  }
  /// If the device refuses a kernel, it is never planned again.
  template <class Start>
  bool starts(const ClusterKernel& kernel, Start start) {
    try {
      start();
      return true;
    } catch (const DeviceError&) {
      planner_.refuse(kernel);
      return false;
    }
  }

  Stream& stream_;
  ClusterPlanner planner_;
  bool prefer_;
};

std::unique_ptr<ClusterRecurrent> make_cluster_recurrent(Context& context, bool prefer) {
  return std::make_unique<PlannedClusters>(context, prefer);
}

}  // namespace lstmlib::cuda
