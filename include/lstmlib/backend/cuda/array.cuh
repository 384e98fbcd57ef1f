// SPDX-License-Identifier: MIT
#pragma once
// Array kernels on a GPU.

#include "lstmlib/backend/kernels/array.hpp"
#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/kernels/array.cuh"
#include "lstmlib/backend/cuda/kernels/layer_norm.cuh"
#include "lstmlib/backend/cuda/kernels/lines.cuh"

#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Calls `use.template operator()<value>()` for the value that `chosen` has at run time, of 0 to count - 1.
template <class Enum, int count, class Use>
void with_value(Enum chosen, Use use) {
  [&]<int... i>(std::integer_sequence<int, i...>) {
    ((static_cast<int>(chosen) == i ? use.template operator()<static_cast<Enum>(i)>() : void()), ...);
  }
  (std::make_integer_sequence<int, count>());
}

template <Real T>
class CudaArrayKernels final : public ArrayKernels<T> {
 public:
  explicit CudaArrayKernels(Context& context) : context_(context) {}

  void unary(math::UnaryFunction f, const math::ElementwiseOptions& options, View<const T> x,
             View<T> y) override {
    with_value<math::UnaryFunction, math::unary_functions>(f, [&]<math::UnaryFunction function>() {
      for_each(context_, y.size(), MapBody<T, function>{options, x.data, y.data});
    });
  }
  void unary_backward(math::UnaryFunction f, const math::ElementwiseOptions& options, View<const T> x,
                      View<const T> y, View<const T> d_y, View<T> d_x) override {
    with_value<math::UnaryFunction, math::unary_functions>(f, [&]<math::UnaryFunction function>() {
      for_each(context_, d_x.size(),
               MapBackwardBody<T, function>{options, x.data, y.data, d_y.data, d_x.data});
    });
  }
  void binary(math::BinaryFunction f, const Loops& loops, const ArrayOperand<T>& a, const ArrayOperand<T>& b,
              T* y, OutputMode how) override {
    with_value<math::BinaryFunction, math::binary_functions>(f, [&]<math::BinaryFunction function>() {
      each(loops, JoinBody<T, function>{DeviceLoops(loops), {a, 0}, {b, 1}, y, how});
    });
  }
  void binary_backward(math::BinaryFunction f, int side, const Loops& loops, const ArrayOperand<T>& a,
                       const ArrayOperand<T>& b, const T* y, const T* d_y, T* d, OutputMode how) override {
    with_value<math::BinaryFunction, math::binary_functions>(f, [&]<math::BinaryFunction function>() {
      if constexpr (math::has_derivatives(function)) {
        const DeviceLoops all(loops);
        if (side == 0) each(loops, JoinBackwardBody<T, function, 0>{all, {a, 0}, {b, 1}, y, d_y, d, how});
        else each(loops, JoinBackwardBody<T, function, 1>{all, {a, 0}, {b, 1}, y, d_y, d, how});
      }
    });
  }
  void select(const Loops& loops, const ArrayOperand<T>& mask, const ArrayOperand<T>& a,
              const ArrayOperand<T>& b, T* y, OutputMode how) override {
    each(loops, SelectBody<T>{DeviceLoops(loops), {mask, 0}, {a, 1}, {b, 2}, y, how});
  }
  void copy(const Loops& loops, const T* from, T* to, OutputMode how) override {
    each(loops, StridedCopyBody<T>{DeviceLoops(loops), from, to, how});
  }
  void gather(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> x, View<T> y) override {
    const AxisView& a = plan.along;
    for_each_in_rows(context_, a.outer * plan.count, a.inner,
                     GatherAxisBody<T>{a.size, a.inner, plan.count, plan.shared, ids.data, x.data, y.data,
                                       context_.errors.word()});
  }
  void scatter_add(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> d_y,
                   View<T> d_x) override {
    const AxisView& a = plan.along;
    for_each_in_rows(
        context_, a.outer, a.inner,
        ScatterAxisBody<T>{a.size, a.inner, plan.count, plan.shared, ids.data, d_y.data, d_x.data});
  }

  void reduce(math::Reduction r, AxisView a, T factor, View<const T> x, View<const T> c, View<T> y) override {
    with_value<math::Reduction, math::reductions>(r, [&]<math::Reduction reduction>() {
      reduce_axis<reduction>(context_, a, factor, x.data, c.data, y.data);
    });
  }
  void reduce_backward(math::Reduction r, AxisView a, T factor, View<const T> x, View<const T> c,
                       View<const T> d_y, View<T> d_x) override {
    with_value<math::Reduction, math::reductions>(r, [&]<math::Reduction reduction>() {
      for_each_in_rows(
          context_, a.outer * a.size, a.inner,
          ReduceBackwardBody<T, reduction>{x.data, c.data, d_y.data, d_x.data, a.size, a.inner, factor});
    });
  }
  void arg_extreme(AxisView a, bool smallest, View<const T> x, View<std::int32_t> indices) override {
    top_k(a, 1, smallest, x, indices);
  }
  void top_k(AxisView a, Index count, bool smallest, View<const T> x, View<std::int32_t> indices) override {
    const Index lines = a.outer * a.inner;
    if (lines == 0 || count == 0) return;
    launch(context_.stream, {.blocks = blocks_for(lines, 1), .threads = 32}, top_k_kernel<T>, x.data,
           indices.data, lines, a.size, a.inner, count, smallest);
  }
  void cumulative_sum(AxisView a, bool reverse, View<const T> x, View<T> y, OutputMode how) override {
    const Index lines = a.outer * a.inner;
    if (lines == 0 || a.size == 0) return;
    const int threads = threads_for_line(a.size);
    launch(context_.stream,
           {.blocks = blocks_for(lines, 1),
            .threads = threads,
            .shared_bytes = default_threads * static_cast<int>(sizeof(T))},
           cumulative_sum_kernel<T>, x.data, y.data, lines, a.size, a.inner, reverse, how);
  }

  void layer_norm(const LayerNormProblem<T>& p, View<T> y, View<T> mean, View<T> scale) override {
    for_each_line(
        context_, AxisView({p.rows(), p.features()}, 1),
        LayerNorm<T>{p.x.data, p.gain.data, p.bias.data, p.features(), p.eps, y.data, mean.data, scale.data});
  }
  void layer_norm_backward(const LayerNormProblem<T>& p, View<const T> mean, View<const T> scale,
                           View<const T> d_y, View<T> d_x, View<T> d_gain) override {
    const Index rows = p.rows(), features = p.features();
    if (d_x)
      for_each_line(
          context_, AxisView({rows, features}, 1),
          LayerNormBackward<T>{p.x.data, p.gain.data, d_y.data, mean.data, scale.data, features, d_x.data});
    if (!d_gain || rows == 0) return;
    Scratch scratch(context_);
    T* parts = scratch.take<T>({rows, features}).data;
    T* sum = scratch.take<T>({features}).data;
    for_each_in_rows(context_, rows, features,
                     LayerNormGainBody<T>{p.x.data, d_y.data, mean.data, scale.data, features, parts});
    join_axis<Sum>(context_, 1, rows, features, T(1), static_cast<const T*>(parts), sum);
    for_each(context_, features, AddScaledBody<T>{T(1), sum, d_gain.data});
  }

 private:
  template <class Body>
  void each(const Loops& loops, const Body& body) {
    for_each_in_rows(context_, loops.runs(), loops.inner(), body);
  }
  Context& context_;
};

template <Real T>
std::unique_ptr<ArrayKernels<T>> make_array_kernels(Context& context) {
  return std::make_unique<CudaArrayKernels<T>>(context);
}

}  // namespace lstmlib::cuda
