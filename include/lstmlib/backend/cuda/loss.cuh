// SPDX-License-Identifier: MIT
#pragma once
// Losses on a GPU. Nothing waits: divisors stay on the device.

#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/kernels/loss.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
class CudaLossKernels final : public LossKernels<T> {
 public:
  explicit CudaLossKernels(Context& context) : context_(context) {}

  void element_loss(math::LossFunction f, const ElementLossProblem<T>& p,
                    const LossResult<T>& result) override {
    const Index count = p.input.size();
    for_each(context_, count, ElementLossBody<T>{plain(f, p), result.losses.data});
    const bool weighed = result.divisor == LossDivisor::weights && p.weights;
    Scratch scratch(context_);
    T* sum = nullptr;
    if (weighed) {
      sum = scratch.take<T>({1}).data;
      add_up(p.weights.size(), static_cast<T>(inner_of(p)), p.weights.data, sum);
    }
    finish(result, count, sum);
  }
  void element_loss_backward(math::LossFunction f, const ElementLossProblem<T>& p, View<const T> factor,
                             View<const T> d_losses, View<T> d_input, View<T> d_target) override {
    if (d_input || d_target)
      for_each(context_, p.input.size(),
               ElementLossBackwardBody<T>{plain(f, p), factor.data, d_losses.data, d_losses.size() == 1,
                                          d_input.data, d_target.data});
  }
  void class_loss(const ClassLossProblem<T>& p, View<const T> log_probabilities,
                  const LossResult<T>& result) override {
    const ClassEntries<T> entries{p};
    const Index count = entries.count();
    for_each(context_, count,
             ClassLossBody<T>{entries, log_probabilities.data, result.losses.data, context_.errors.word()});
    Scratch scratch(context_);
    T* sum = nullptr;
    if (result.divisor == LossDivisor::weights && p.labels) {
      T* counts = scratch.take<T>({count}).data;
      sum = scratch.take<T>({1}).data;
      for_each(context_, count, CountsBody<T>{entries, counts});
      add_up(count, T(1), counts, sum);
    }
    finish(result, count, sum);
  }
  void class_loss_backward(const ClassLossProblem<T>& p, View<const T> log_probabilities, bool of_scores,
                           View<const T> factor, View<const T> d_losses, View<T> d) override {
    const ClassEntries<T> entries{p};
    if (d)
      for_each(context_, entries.count(),
               ClassLossBackwardBody<T>{entries, log_probabilities.data, factor.data, d_losses.data,
                                        of_scores, d_losses.size() == 1, d.data});
  }

 private:
  static Index inner_of(const ElementLossProblem<T>& p) {
    return p.weights ? p.input.size() / std::max<Index>(1, p.weights.size()) : 1;
  }
  static ElementLoss<T> plain(math::LossFunction f, const ElementLossProblem<T>& p) {
    return {f,
            p.parameters,
            p.input.data,
            p.target.data,
            p.weights.data,
            p.positive_weights.data,
            std::max<Index>(1, inner_of(p)),
            p.positive_weights.size()};
  }
  void add_up(Index count, T factor, const T* values, T* sum) {
    join_axis<Sum>(context_, 1, count, 1, factor, values, sum);
  }
  /// `weights`: their sum on the device, or null.
  void finish(const LossResult<T>& result, Index count, const T* weights) {
    if (!result.total) return;
    add_up(count, T(1), result.losses.data, result.total.data);
    const Index divisor = result.divisor == LossDivisor::one      ? 1
                          : result.divisor == LossDivisor::number ? result.number
                                                                  : count;
    for_each(context_, 1,
             FinishLossBody<T>{weights, static_cast<T>(divisor), result.total.data, result.factor.data});
  }

  Context& context_;
};

template <Real T>
std::unique_ptr<LossKernels<T>> make_loss_kernels(Context& context) {
  return std::make_unique<CudaLossKernels<T>>(context);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
