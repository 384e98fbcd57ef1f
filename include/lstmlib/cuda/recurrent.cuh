// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers on a GPU.

#include "lstmlib/cuda/factories.hpp"
#include "lstmlib/cuda/recurrent/portable.cuh"

namespace lstmlib::cuda {

template <Real T>
class Recurrent final : public RecurrentKernels<T> {
 public:
  explicit Recurrent(Context& context) : context_(context) {}

  std::size_t saved_bytes(const RecurrentProblem<T>& p) const override {
    return static_cast<std::size_t>(RecurrentSaved<T>::elements(p)) * sizeof(T);
  }
  void forward(const RecurrentProblem<T>& p, const RecurrentResult<T>& result, void* saved) override {
    if (p.segments.rows() == 0) return;
    const TimeOrderView& order = time_order(context_, p.segments);
    // One piece also where it is not part of a larger one: a step is two small kernels.
    context_.graphs.as_one([&] {
      Scratch scratch(context_);
      void* memory = saved ? saved : scratch.take<T>({RecurrentSaved<T>::elements(p)}).data;
      RecurrentWork<T> work(context_, p, order);
      portable_forward(work, result, RecurrentSaved<T>(p, memory));
    });
  }
  void backward(const RecurrentProblem<T>& p, const RecurrentResult<const T>& result, void* saved,
                const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) override {
    if (p.segments.rows() == 0) return;
    const TimeOrderView& order = time_order(context_, p.segments);
    context_.graphs.as_one([&] {
      RecurrentWork<T> work(context_, p, order);
      portable_backward(work, result.hidden, RecurrentSaved<T>(p, saved), d_result, d);
    });
  }

 private:
  Context& context_;
};

template <Real T>
std::unique_ptr<RecurrentKernels<T>> make_recurrent(Context& context) {
  return std::make_unique<Recurrent<T>>(context);
}

}  // namespace lstmlib::cuda
