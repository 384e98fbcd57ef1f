// SPDX-License-Identifier: MIT
#pragma once
// Calls array kernels on any device. The CPU's are class templates of the function, so that a program
// compiles those that it uses; those of other back ends are an abstract class. backend/cpu/array.hpp has the
// definitions, and lstmlib::cpu has all of them compiled.

#include "lstmlib/backend/registry.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

template <Real T, math::UnaryFunction f>
struct CpuUnary {
  static void forward(const math::ElementwiseOptions&, View<const T> x, View<T> y);
  static void backward(const math::ElementwiseOptions&, View<const T> x, View<const T> y, View<const T> d_y,
                       View<T> d_x);
};
template <Real T, math::BinaryFunction f>
struct CpuBinary {
  static void forward(const Loops&, const ArrayOperand<T>& a, const ArrayOperand<T>& b, T* y, OutputMode);
  template <int side>
  static void backward(const Loops&, const ArrayOperand<T>& a, const ArrayOperand<T>& b, const T* y,
                       const T* d_y, T* d, OutputMode);
};
template <Real T>
struct CpuSelect {
  static void forward(const Loops&, const ArrayOperand<T>& mask, const ArrayOperand<T>& a,
                      const ArrayOperand<T>& b, T* y, OutputMode);
};

template <Real T>
struct CpuCopy {
  static void run(const Loops&, const T* from, T* to, OutputMode);
};
template <Real T>
struct CpuGather {
  static void forward(const GatherPlan&, View<const std::int32_t> ids, View<const T> x, View<T> y);
  static void backward(const GatherPlan&, View<const std::int32_t> ids, View<const T> d_y, View<T> d_x);
};
template <Real T, math::Reduction r>
struct CpuReduce {
  static void forward(AxisView, T factor, View<const T> x, View<const T> c, View<T> y);
  static void backward(AxisView, T factor, View<const T> x, View<const T> c, View<const T> d_y, View<T> d_x);
};
template <Real T>
struct CpuOrder {
  static void arg_extreme(AxisView, bool smallest, View<const T> x, View<std::int32_t> indices);
  static void top_k(AxisView, Index count, bool smallest, View<const T> x, View<std::int32_t> indices);
};
template <Real T>
struct CpuCumulative {
  static void sum(AxisView, bool reverse, View<const T> x, View<T> y, OutputMode);
};
template <Real T>
struct CpuLayerNorm {
  static void forward(const LayerNormProblem<T>&, View<T> y, View<T> mean, View<T> scale);
  static void backward(const LayerNormProblem<T>&, View<const T> mean, View<const T> scale, View<const T> d_y,
                       View<T> d_x, View<T> d_gain);
};

/// The kernels of a device for `op`. Throws DeviceError if its back end has none.
template <Real T>
[[nodiscard]] ArrayKernels<T>& array_kernels(const char* op, Backend& backend, int device) {
  ArrayKernels<T>* found = backend.array_kernels<T>(device);
  if (!found)
    fail<DeviceError>(op, ": the back end ", backend.name(),
                      " does not have it; compute it on the CPU, with to(Device::cpu())");
  return *found;
}

/// Where an operation runs: `op` and the device of its operands.
struct ArrayCall {
  const char* op;
  Backend& backend;
  int device;

  [[nodiscard]] bool on_cpu() const { return &backend == &cpu_backend(); }
  template <Real T>
  [[nodiscard]] ArrayKernels<T>& kernels() const {
    return array_kernels<T>(op, backend, device);
  }

  template <math::UnaryFunction f, Real T>
  void unary(const math::ElementwiseOptions& options, View<const T> x, View<T> y) const {
    if (on_cpu()) CpuUnary<T, f>::forward(options, x, y);
    else kernels<T>().unary(f, options, x, y);
  }
  template <math::UnaryFunction f, Real T>
  void unary_backward(const math::ElementwiseOptions& options, View<const T> x, View<const T> y,
                      View<const T> d_y, View<T> d_x) const {
    if (!d_x) return;
    if (on_cpu()) CpuUnary<T, f>::backward(options, x, y, d_y, d_x);
    else kernels<T>().unary_backward(f, options, x, y, d_y, d_x);
  }
  template <math::BinaryFunction f, Real T>
  void binary(const Loops& loops, const ArrayOperand<T>& a, const ArrayOperand<T>& b, T* y,
              OutputMode how = OutputMode::overwrite) const {
    if (on_cpu()) CpuBinary<T, f>::forward(loops, a, b, y, how);
    else kernels<T>().binary(f, loops, a, b, y, how);
  }
  template <math::BinaryFunction f, int side, Real T>
  void binary_backward(const Loops& loops, const ArrayOperand<T>& a, const ArrayOperand<T>& b, const T* y,
                       const T* d_y, T* d, OutputMode how) const {
    if (on_cpu()) CpuBinary<T, f>::template backward<side>(loops, a, b, y, d_y, d, how);
    else kernels<T>().binary_backward(f, side, loops, a, b, y, d_y, d, how);
  }
  template <Real T>
  void select(const Loops& loops, const ArrayOperand<T>& mask, const ArrayOperand<T>& a,
              const ArrayOperand<T>& b, T* y, OutputMode how = OutputMode::overwrite) const {
    if (on_cpu()) CpuSelect<T>::forward(loops, mask, a, b, y, how);
    else kernels<T>().select(loops, mask, a, b, y, how);
  }
  template <Real T>
  void copy(const Loops& loops, const T* from, T* to, OutputMode how = OutputMode::overwrite) const {
    if (on_cpu()) CpuCopy<T>::run(loops, from, to, how);
    else kernels<T>().copy(loops, from, to, how);
  }
  template <Real T>
  void gather(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> x, View<T> y) const {
    if (on_cpu()) CpuGather<T>::forward(plan, ids, x, y);
    else kernels<T>().gather(plan, ids, x, y);
  }
  template <Real T>
  void scatter_add(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> d_y,
                   View<T> d_x) const {
    if (!d_x) return;
    if (on_cpu()) CpuGather<T>::backward(plan, ids, d_y, d_x);
    else kernels<T>().scatter_add(plan, ids, d_y, d_x);
  }
  template <math::Reduction r, Real T>
  void reduce(AxisView along, T factor, View<const T> x, View<const T> c, View<T> y) const {
    if (on_cpu()) CpuReduce<T, r>::forward(along, factor, x, c, y);
    else kernels<T>().reduce(r, along, factor, x, c, y);
  }
  template <math::Reduction r, Real T>
  void reduce_backward(AxisView along, T factor, View<const T> x, View<const T> c, View<const T> d_y,
                       View<T> d_x) const {
    if (!d_x) return;
    if (on_cpu()) CpuReduce<T, r>::backward(along, factor, x, c, d_y, d_x);
    else kernels<T>().reduce_backward(r, along, factor, x, c, d_y, d_x);
  }
  template <Real T>
  void arg_extreme(AxisView along, bool smallest, View<const T> x, View<std::int32_t> indices) const {
    if (on_cpu()) CpuOrder<T>::arg_extreme(along, smallest, x, indices);
    else kernels<T>().arg_extreme(along, smallest, x, indices);
  }
  template <Real T>
  void top_k(AxisView along, Index count, bool smallest, View<const T> x, View<std::int32_t> indices) const {
    if (on_cpu()) CpuOrder<T>::top_k(along, count, smallest, x, indices);
    else kernels<T>().top_k(along, count, smallest, x, indices);
  }
  template <Real T>
  void cumulative_sum(AxisView along, bool reverse, View<const T> x, View<T> y, OutputMode how) const {
    if (!y) return;
    if (on_cpu()) CpuCumulative<T>::sum(along, reverse, x, y, how);
    else kernels<T>().cumulative_sum(along, reverse, x, y, how);
  }
  template <Real T>
  void layer_norm(const LayerNormProblem<T>& problem, View<T> y, View<T> mean, View<T> scale) const {
    if (on_cpu()) CpuLayerNorm<T>::forward(problem, y, mean, scale);
    else kernels<T>().layer_norm(problem, y, mean, scale);
  }
  template <Real T>
  void layer_norm_backward(const LayerNormProblem<T>& problem, View<const T> mean, View<const T> scale,
                           View<const T> d_y, View<T> d_x, View<T> d_gain) const {
    if (on_cpu()) CpuLayerNorm<T>::backward(problem, mean, scale, d_y, d_x, d_gain);
    else kernels<T>().layer_norm_backward(problem, mean, scale, d_y, d_x, d_gain);
  }
};

}  // namespace lstmlib
