// SPDX-License-Identifier: MIT
#pragma once
// Calls array kernels on any device. The CPU's are class templates of the function, so that a program compiles
// those that it uses; those of other back ends are an abstract class. backend/cpu/array.hpp has the
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
};

}  // namespace lstmlib
