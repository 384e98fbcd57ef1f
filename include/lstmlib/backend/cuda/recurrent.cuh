// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers on a GPU. Persistent kernels run them if there are some for the layer and the device.
// Otherwise kernels are launched for each step.

#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/recurrent/clusters.hpp"
#include "lstmlib/backend/cuda/recurrent/custom.cuh"
#include "lstmlib/backend/cuda/recurrent/portable.cuh"

#include <cstdlib>
#include <string_view>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
class CudaRecurrentKernels final : public RecurrentKernels<T> {
 public:
  /// The environment variable LSTMLIB_CUDA_RECURRENT overrides the choice. portable: no persistent kernels;
  /// cluster: persistent kernels whenever the device can run them. Throws Error for another value.
  explicit CudaRecurrentKernels(Context& context) : context_(context) {
    const char* setting = std::getenv("LSTMLIB_CUDA_RECURRENT");
    const std::string_view word = setting ? setting : "";
    if (!word.empty() && word != "portable" && word != "cluster")
      fail<Error>("LSTMLIB_CUDA_RECURRENT is \"", word, "\", expected portable or cluster");
    if constexpr (has_clusters)
      if (word != "portable") clusters_ = make_cluster_recurrent(context, word == "cluster");
  }

  std::size_t saved_bytes(const RecurrentProblem<T>& p) const override {
    return RecurrentSaved<T>::bytes(p) + packed_bytes(p, true);
  }
  void forward(const RecurrentProblem<T>& p, const RecurrentResult<T>& result, void* memory) override {
    if (p.cell.custom) (void)cell_steps(p.cell);
    if (p.layout.rows() == 0) return;
    const TimeOrderView& order = time_order(context_, p.layout);
    // A graph even outside of a larger one, because a step may be just two small kernels.
    context_.graphs.run_as_graph([&] {
      RecurrentWork<T> work(context_, p, order);
      const bool keep = memory != nullptr;
      const std::size_t bytes = RecurrentSaved<T>::bytes(p);
      auto* room = static_cast<std::byte*>(keep ? memory : work.take_bytes(bytes + packed_bytes(p, false)));
      const RecurrentSaved<T> saved(p, room);
      work.multiply_inputs({saved.gates, {work.tokens, work.width}});
      const T* bias = work.biases();
      if constexpr (has_clusters)
        if (clusters_ && clusters_->forward(pass(p, order, room, keep), bias, result)) return;
      if (p.cell.custom) return custom_forward(work, bias, result, saved);
      portable_forward(work, bias, result, saved);
    });
  }
  void backward(const RecurrentProblem<T>& p, const RecurrentResult<const T>& result, void* memory,
                const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) override {
    if (p.layout.rows() == 0) return;
    const TimeOrderView& order = time_order(context_, p.layout);
    context_.graphs.run_as_graph([&] {
      RecurrentWork<T> work(context_, p, order);
      const RecurrentSaved<T> saved(p, memory);
      const View<const T> hidden_before = work.states_before(result.hidden);
      if (backward_by_clusters(p, order, memory, d_result, d))
        work.splits_gradients = p.precision == Precision::fp32;  // the products of the steps have 16 bits,
                                                                 // too
      else if (p.cell.custom) custom_backward(work, hidden_before, saved, d_result, d);
      else portable_backward(work, hidden_before, saved, d_result, d);
      work.add_gradients({saved.gates, {work.tokens, work.width}}, hidden_before, d);
    });
  }

 private:
  static constexpr bool has_clusters = std::is_same_v<T, float>;

  std::size_t packed_bytes(const RecurrentProblem<T>& p, bool with_backward) const {
    if constexpr (has_clusters)
      if (clusters_) return clusters_->packed_bytes(p, with_backward);
    return 0;
  }
  /// `room`: memory of saved_bytes.
  ClusterPass pass(const RecurrentProblem<float>& p, const TimeOrderView& order, void* room, bool keep) {
    void* packed = static_cast<std::byte*>(room) + RecurrentSaved<float>::bytes(p);
    return {p, order, RecurrentSaved<float>(p, room), keep, static_cast<std::uint32_t*>(packed)};
  }
  bool backward_by_clusters(const RecurrentProblem<T>& p, const TimeOrderView& order, void* memory,
                            const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) {
    if constexpr (has_clusters)
      return clusters_ && clusters_->backward(pass(p, order, memory, true), d_result, d);
    return false;
  }

  Context& context_;
  std::unique_ptr<ClusterRecurrent> clusters_;
};

template <Real T>
std::unique_ptr<RecurrentKernels<T>> make_recurrent_kernels(Context& context) {
  return std::make_unique<CudaRecurrentKernels<T>>(context);
}

}  // namespace lstmlib::cuda
