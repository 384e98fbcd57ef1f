// SPDX-License-Identifier: MIT
#pragma once
// Layer normalisation. core.hpp does not include it.

#include "lstmlib/base/option.hpp"
#include "lstmlib/ops/broadcast.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Layer normalisation [Ba 2016] of the last axis: y = (x - mean) / sqrt(variance + eps) gain + bias. Mean and
/// variance are those of the features of a row; the variance is divided by their number. x [.., features]; gain
/// and bias [features], each of which may be absent; y has the shape of x. One node, with kernels of its own on
/// the CPU and on GPUs. Throws ShapeError if shapes do not match or x has no features, and ValueError unless eps
/// is a finite number of at least 0.
template <Real T>
[[nodiscard]] Variable<T> layer_norm(const Variable<T>& x, const Variable<T>& gain = {},
                                     const Variable<T>& bias = {}, double eps = 1e-5) {
  detail::require("layer_norm", "the input", x);
  const Index features = x.shape().rank() == 0 ? 0 : x.shape()[x.shape().rank() - 1];
  if (features < 1)
    fail<ShapeError>("layer_norm: input ", x.shape(), ", expected [.., features] with at least one feature");
  const auto check = [&](const char* what, const Variable<T>& given) {
    if (given && given.shape() != Shape{features})
      fail<ShapeError>("layer_norm: ", what, ' ', given.shape(), " for input ", x.shape(), ", expected [",
                       features, "] or none");
  };
  check("gain", gain);
  check("bias", bias);
  lstmlib::detail::require_not_negative("layer_norm", "eps", eps);
  auto& tensor_kernels = kernels("layer_norm", x.value(), gain.value(), bias.value()).tensor;
  const ArrayCall call = detail::array_call("layer_norm", x.value());
  const Shape rows{x.value().size() / features};
  auto y = Tensor<T>::uninitialized(x.shape(), x.device());
  auto mean = Tensor<T>::uninitialized(rows, x.device()), scale = Tensor<T>::uninitialized(rows, x.device());
  const auto problem = [eps = static_cast<T>(eps), x = x.value(), gain = gain.value(), bias = bias.value()] {
    return LayerNormProblem<T>{x.view(), gain.view(), bias.view(), eps};
  };
  call.template layer_norm<T>(problem(), y.mutable_view(), mean.mutable_view(), scale.mutable_view());
  return record(
      "layer_norm", y, {x, gain, bias}, reads(x.value(), gain.value(), mean, scale),
      [call, &tensor_kernels, problem, mean, scale, flat = Shape{rows[0], features}](auto d_y, auto d) {
        call.template layer_norm_backward<T>(problem(), mean.view(), scale.view(), d_y[0].view(), d[0].view(),
                                             d[1].view());
        if (d[2].needed()) tensor_kernels.sum_rows(View<const T>{d_y[0].view().data, flat}, d[2].view());
      });
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
