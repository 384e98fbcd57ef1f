// SPDX-License-Identifier: MIT
#pragma once
// Kernels that read and write each element once. Limited by memory bandwidth.

#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/backend/cuda/kernels/for_each.cuh"
#include "lstmlib/math/activation.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// result = value or result += value
template <class T>
LSTMLIB_HOST_DEVICE inline void write(OutputMode how, T& result, T value) {
  result = how == OutputMode::overwrite ? value : result + value;
}

template <class T, class Function>
struct UnaryBody {
  const T* x;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { y[i] = Function{}(x[i]); }
};
template <class T, class Function>
struct UnaryBackwardBody {
  const T *y, *d_y;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { d_x[i] += d_y[i] * Function{}.derivative(y[i]); }
};
template <class T>
struct FillBody {
  T value;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { y[i] = value; }
};
template <class T>
struct AddScaledBody {
  T factor;
  const T* x;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { y[i] += factor * x[i]; }
};
template <class T>
struct MultiplyBody {
  const T *a, *b;
  T* y;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { write(how, y[i], a[i] * b[i]); }
};
template <class T>
struct AddBiasBody {
  const T* row;
  T* y;
  Index columns;
  LSTMLIB_HOST_DEVICE void operator()(Index at, Index column) const {
    y[at * columns + column] += row[column];
  }
};
/// Pointers are to the first column to copy.
template <class T>
struct CopyColumnsBody {
  const T* from;
  T* to;
  Index from_size, to_size;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    write(how, to[row * to_size + column], from[row * from_size + column]);
  }
};

/// Calls `use(function)` with the function object for `op`.
template <class Use>
void with_function(UnaryOp op, Use use) {
  switch (op) {
    case UnaryOp::tanh: return use(math::Tanh{});
    case UnaryOp::sigmoid: return use(math::Sigmoid{});
    case UnaryOp::relu: return use(math::Relu{});
  }
}

}  // namespace lstmlib::cuda
