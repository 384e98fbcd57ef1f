// SPDX-License-Identifier: MIT
#pragma once
// A layer that learns how much of its input it passes on.

#include "lstmlib/nn/activation.hpp"
#include "lstmlib/nn/linear.hpp"
#include "lstmlib/ops/activation.hpp"
#include "lstmlib/ops/arithmetic.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct HighwayOptions {
  Index size;                                ///< features of a row
  Activation activation = Activation::relu;  ///< of the layer whose result is mixed in
  double transform_bias = -1;  ///< initial bias of the gate; below 0, most of the input is passed on at first

  /// Throws ValueError for a size below 1, a bias that is not finite or another activation.
  void check() const {
    lstmlib::detail::require_size("HighwayOptions", "size", size);
    lstmlib::detail::require_finite("HighwayOptions", "transform_bias", transform_bias);
    if (activation > Activation::relu)
      lstmlib::detail::refuse_option("HighwayOptions", "activation", static_cast<int>(activation),
                                     "tanh or relu");
  }
};

/// Highway layer [Srivastava 2015]: y = t h + (1 - t) x, where h = relu(W x + b), or tanh, and t = sigmoid(U x + d).
/// The initial weights are lecun_normal, the initial b 0. Files have the keys of Chainer's Highway.
///
///     nn::Highway<> highway({.size = 300});
///     Variable<float> y = highway(x);  // x [rows, 300], y too
template <Real T = float>
class Highway : public Module {
 public:
  explicit Highway(HighwayOptions o)
      : plain((o.check(), LinearOptions{.input_size = o.size, .output_size = o.size})),
        transform({.input_size = o.size, .output_size = o.size}),
        activation(o.activation) {
    for (T& bias : transform.bias.mutable_value().mutable_values()) bias = static_cast<T>(o.transform_bias);
  }

  /// x [rows, size]; the result has that shape.
  [[nodiscard]] Variable<T> operator()(const Variable<T>& x) const {
    const auto sums = plain(x);
    const auto h = activation == Activation::relu ? ops::relu(sums) : ops::tanh(sums);
    return x + ops::sigmoid(transform(x)) * (h - x);
  }
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return x.with((*this)(x.values));
  }

  void visit_members(MemberVisitor& visit) override { visit("plain", plain)("transform", transform); }

  Linear<T> plain, transform;  ///< [size, size]: W and b, U and d
  Activation activation;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
