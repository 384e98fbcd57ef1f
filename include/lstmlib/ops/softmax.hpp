// SPDX-License-Identifier: MIT
#pragma once
// Softmax and its logarithm.

#include "lstmlib/ops/axes.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
template <Real T>
Variable<T> softmax(const char* op, bool logarithm, const Variable<T>& x, int axis) {
  require(op, "the input", x);
  auto& tensor_kernels = kernels(op, x.value()).tensor;
  const AxisView along(x.shape(), checked_axis(op, x.shape(), axis));
  auto y = Tensor<T>::uninitialized(x.shape(), x.device());
  tensor_kernels.softmax(along, logarithm, x.view(), y.mutable_view());
  return record(op, y, {x}, reads(y), [&tensor_kernels, along, logarithm, y](auto d_y, auto d_x) {
    tensor_kernels.softmax_backward(along, logarithm, y.view(), d_y[0].view(), d_x[0].view());
  });
}
}  // namespace detail

/// exp(x) / sum(exp(x)) along `axis`. A negative axis counts from the end.
template <Real T>
[[nodiscard]] Variable<T> softmax(const Variable<T>& x, int axis = 1) {
  return detail::softmax("softmax", false, x, axis);
}
/// x - log(sum(exp(x))) along `axis`. A negative axis counts from the end.
template <Real T>
[[nodiscard]] Variable<T> log_softmax(const Variable<T>& x, int axis = 1) {
  return detail::softmax("log_softmax", true, x, axis);
}

}  // namespace lstmlib::ops

namespace lstmlib::inline LSTMLIB_ABI {
using ops::log_softmax;  // found by argument-dependent lookup, as in activation.hpp
using ops::softmax;
}  // namespace lstmlib
