// SPDX-License-Identifier: MIT
#pragma once
// Layer normalisation as a layer.

#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/layer_norm.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct LayerNormOptions {
  Index size;          ///< features of a row
  double eps = 1e-5;   ///< added to the variance; at least 0
  bool affine = true;  ///< with a gain and, unless `bias` is false, a bias
  bool bias = true;    ///< with a bias, where there is a gain

  /// Throws ValueError for a size below 1 or an eps that is negative or not finite.
  void check() const {
    lstmlib::detail::require_size("LayerNormOptions", "size", size);
    lstmlib::detail::require_not_negative("LayerNormOptions", "eps", eps);
  }
};

/// Layer normalisation of each row: see ops::layer_norm. The initial gain is 1, the initial bias 0. Files have
/// the keys of Chainer's LayerNormalization.
///
///     nn::LayerNorm<> normalize({.size = 300});
///     Variable<float> y = normalize(x);  // x [rows, 300], y too
template <Real T = float>
class LayerNorm : public Module {
 public:
  explicit LayerNorm(LayerNormOptions o) : size(o.size), eps(o.eps) {
    o.check();
    if (!o.affine) return;
    gain = Parameter<T>(constant<T>({o.size}, 1));
    if (o.bias) bias = Parameter<T>(Tensor<T>::zeros({o.size}));
  }

  /// x [.., size]; the result has that shape.
  [[nodiscard]] Variable<T> operator()(const Variable<T>& x) const {
    ops::detail::require("layer_norm", "the input", x);
    if (x.shape().rank() == 0 || x.shape()[x.shape().rank() - 1] != size)
      fail<ShapeError>("layer_norm: input ", x.shape(), ", expected [.., ", size, ']');
    return ops::layer_norm(x, gain, bias, eps);
  }
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return x.with((*this)(x.values));
  }

  void visit_members(MemberVisitor& visit) override { visit("gamma", gain)("beta", bias); }

  Parameter<T> gain;  ///< [size] or absent
  Parameter<T> bias;  ///< [size] or absent
  Index size;         ///< features of a row
  double eps;         ///< added to the variance
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
