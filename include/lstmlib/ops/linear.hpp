// SPDX-License-Identifier: MIT
#pragma once
// Affine maps.

#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// y = x weightᵀ + bias. x [rows, inputs], where further axes are flattened; weight [outputs, inputs]; bias
/// [outputs] or absent; y [rows, outputs]. Throws ShapeError if the shapes do not match.
template <Real T>
[[nodiscard]] Variable<T> linear(const Variable<T>& x, const Variable<T>& weight,
                                 const Variable<T>& bias = {}) {
  detail::require("linear", "the input", x);
  detail::require("linear", "the weight", weight);
  if (weight.shape().rank() != 2)
    fail<ShapeError>("linear: weight ", weight.shape(), ", expected [outputs, inputs]");
  if (bias && bias.shape() != Shape{weight.shape()[0]})
    fail<ShapeError>("linear: bias ", bias.shape(), " for weight ", weight.shape(), ", expected [",
                     weight.shape()[0], "]");
  if (x.shape().rank() < 2 || x.shape().row_size() != weight.shape()[1])
    fail<ShapeError>("linear: input has ", x.shape().rank() < 2 ? 0 : x.shape().row_size(),
                     " features, weight expects ", weight.shape()[1], " (input ", x.shape(), ", weight ",
                     weight.shape(), ")");
  auto& tensor_kernels = kernels("linear", x.value(), weight.value(), bias.value()).tensor;
  auto y = Tensor<T>::uninitialized({x.shape().rows(), weight.shape()[0]}, x.device());
  tensor_kernels.gemm(x.view(), transposed(weight.view()), y.mutable_view(), OutputMode::overwrite);
  tensor_kernels.add_bias(bias.view(), y.mutable_view());

  return record("linear", y, {x, weight, bias}, reads(x.value(), weight.value()),
                [&tensor_kernels, x = x.value(), weight = weight.value()](auto d_y, auto d) {
                  tensor_kernels.gemm(d_y[0].view(), weight.view(), d[0].view(), OutputMode::accumulate);
                  tensor_kernels.gemm(transposed(d_y[0].view()), x.view(), d[1].view(),
                                      OutputMode::accumulate);
                  tensor_kernels.sum_rows(d_y[0].view(), d[2].view());
                });
}

}  // namespace lstmlib::ops
