// SPDX-License-Identifier: MIT
#pragma once
// Losses of each element: regression, binary classification, divergence and margin. docs/losses.md has a
// table of all losses. Each is one pass forward and one backward.

#include "lstmlib/ops/losses/reduction.hpp"

#include <algorithm>
#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Options of all losses of elements.
struct LossOptions {
  Reduction reduction = Reduction::mean;
  /// What `mean` divides by if there are weights: true, their sum over all elements, so that a mask of zeros
  /// and ones gives the mean of the elements that count; false, the number of all elements.
  bool normalize = true;
};

namespace detail {
/// The shape of the weights is that of the input or its first axes.
template <Real T>
void check_element_loss(const char* op, const Variable<T>& x, const Variable<T>& target,
                        const LossOptions& options, const Tensor<T>& weights) {
  require(op, "the input", x);
  require(op, "the target", target);
  require_reduction(op, options.reduction);
  if (x.shape() != target.shape())
    fail<ShapeError>(op, ": input ", x.shape(), " and target ", target.shape(), ", expected the same shape");
  if (!weights) return;
  const auto have = weights.shape().sizes(), of = x.shape().sizes();
  if (have.size() > of.size() || !std::equal(have.begin(), have.end(), of.begin()))
    fail<ShapeError>(op, ": weights ", weights.shape(), " for input ", x.shape(),
                     ", expected that shape or its first axes");
}

template <math::LossFunction f, Real T>
Variable<T> element_loss(const char* op, const Variable<T>& x, const Variable<T>& target,
                         const LossOptions& options, const Tensor<T>& weights,
                         const math::LossParameters<T>& parameters = {}, const Tensor<T>& positive = {}) {
  check_element_loss(op, x, target, options, weights);
  kernels(op, x.value(), target.value(), weights, positive);  // throws if they are on several devices
  const auto place = loss_place<T>(op, x.device());
  const auto problem = [parameters, x = x.value(), t = target.value(), weights, positive] {
    return ElementLossProblem<T>{parameters, x.view(), t.view(), weights.view(), positive.view()};
  };
  LossTensors<T> made(options.reduction, x.shape(), x.device());
  const LossDivisor divisor = options.reduction != Reduction::mean ? LossDivisor::one
                              : weights && options.normalize       ? LossDivisor::weights
                                                                   : LossDivisor::number;
  place.template element_loss<f>(problem(), made.result(divisor, x.value().size()));
  return record(op, made.value(), {x, target}, reads(x.value(), target.value(), weights, positive),
                [place, problem, factor = made.factor](auto d_loss, auto d) {
                  place.template element_loss_backward<f>(problem(), factor.view(), d_loss[0].view(),
                                                          d[0].view(), d[1].view());
                });
}
template <Real T>
Variable<T> constant(const Tensor<T>& target) {
  return target ? Variable<T>(target) : Variable<T>();
}
}  // namespace detail

/// Mean squared error: (x - target)² of each element. x and target have the same shape. `weights` have that
/// shape or its first axes, such as [rows], or are absent; an element of weight 0 does not count, even if it
/// is NaN. Reduced, the result is a scalar; otherwise it has the shape of x.
///
/// Like the other losses of this file, it has gradients by x and, if that is a Variable, by the target. Throws
/// ShapeError for shapes that do not match and ValueError for an invalid option.
///
///     const auto loss = ops::mse_loss(model(batch.inputs), batch.targets);
template <Real T>
[[nodiscard]] Variable<T> mse_loss(const Variable<T>& x, const Variable<T>& target, LossOptions options = {},
                                   const Tensor<T>& weights = {}) {
  return detail::element_loss<math::LossFunction::squared_error>("mse_loss", x, target, options, weights);
}
template <Real T>
[[nodiscard]] Variable<T> mse_loss(const Variable<T>& x, const Tensor<T>& target, LossOptions options = {},
                                   const Tensor<T>& weights = {}) {
  return mse_loss(x, detail::constant(target), options, weights);
}

/// Absolute error: |x - target|. Its derivative where they are equal is 0. Used as mse_loss.
template <Real T>
[[nodiscard]] Variable<T> l1_loss(const Variable<T>& x, const Variable<T>& target, LossOptions options = {},
                                  const Tensor<T>& weights = {}) {
  return detail::element_loss<math::LossFunction::absolute_error>("l1_loss", x, target, options, weights);
}
template <Real T>
[[nodiscard]] Variable<T> l1_loss(const Variable<T>& x, const Tensor<T>& target, LossOptions options = {},
                                  const Tensor<T>& weights = {}) {
  return l1_loss(x, detail::constant(target), options, weights);
}

struct HuberOptions {
  double delta = 1;  ///< where the square becomes a line; above 0
  LossOptions loss = {};
};
/// Huber loss [Huber 1964]: e² / 2 for |e| <= delta, delta (|e| - delta / 2) elsewhere, where e = x - target.
/// Used as mse_loss.
template <Real T>
[[nodiscard]] Variable<T> huber_loss(const Variable<T>& x, const Variable<T>& target,
                                     HuberOptions options = {}, const Tensor<T>& weights = {}) {
  if (!(options.delta > 0 && std::isfinite(options.delta)))
    fail<ValueError>("huber_loss: delta is ", options.delta, ", expected a finite number above 0");
  return detail::element_loss<math::LossFunction::huber>("huber_loss", x, target, options.loss, weights,
                                                         {.size = static_cast<T>(options.delta)});
}
template <Real T>
[[nodiscard]] Variable<T> huber_loss(const Variable<T>& x, const Tensor<T>& target, HuberOptions options = {},
                                     const Tensor<T>& weights = {}) {
  return huber_loss(x, detail::constant(target), options, weights);
}

struct SmoothL1Options {
  double beta = 1;  ///< where the square becomes a line; at least 0, and 0 gives l1_loss
  LossOptions loss = {};
};
/// Smooth L1 loss: e² / (2 beta) for |e| < beta, |e| - beta / 2 elsewhere, where e = x - target: the Huber
/// loss divided by beta. Used as mse_loss.
template <Real T>
[[nodiscard]] Variable<T> smooth_l1_loss(const Variable<T>& x, const Variable<T>& target,
                                         SmoothL1Options options = {}, const Tensor<T>& weights = {}) {
  if (!(options.beta >= 0 && std::isfinite(options.beta)))
    fail<ValueError>("smooth_l1_loss: beta is ", options.beta, ", expected a finite number of at least 0");
  return detail::element_loss<math::LossFunction::smooth_l1>("smooth_l1_loss", x, target, options.loss,
                                                             weights, {.size = static_cast<T>(options.beta)});
}
template <Real T>
[[nodiscard]] Variable<T> smooth_l1_loss(const Variable<T>& x, const Tensor<T>& target,
                                         SmoothL1Options options = {}, const Tensor<T>& weights = {}) {
  return smooth_l1_loss(x, detail::constant(target), options, weights);
}

/// Binary cross entropy of p = sigmoid(x): -(w t log p + (1 - t) log(1 - p)), computed without overflow.
/// Targets t are 0 to 1. `positive_weights` w is absent, or has as many numbers as the last axis of x: one for
/// each question, or 1 for all. Otherwise used as mse_loss.
///
/// PyTorch divides by the number of elements even if there are weights: `.normalize = false`.
template <Real T>
[[nodiscard]] Variable<T> binary_cross_entropy_with_logits(const Variable<T>& x, const Variable<T>& target,
                                                           LossOptions options = {},
                                                           const Tensor<T>& weights = {},
                                                           const Tensor<T>& positive_weights = {}) {
  const char* op = "binary_cross_entropy_with_logits";
  detail::check_element_loss(op, x, target, options, weights);
  const Index last = x.shape().rank() == 0 ? 1 : x.shape()[x.shape().rank() - 1];
  if (positive_weights && positive_weights.shape() != Shape{1} && positive_weights.shape() != Shape{last})
    fail<ShapeError>(op, ": positive weights ", positive_weights.shape(), " for input ", x.shape(),
                     ", expected [", last, "] or [1]");
  return detail::element_loss<math::LossFunction::binary_cross_entropy>(op, x, target, options, weights, {},
                                                                        positive_weights);
}
template <Real T>
[[nodiscard]] Variable<T> binary_cross_entropy_with_logits(const Variable<T>& x, const Tensor<T>& target,
                                                           LossOptions options = {},
                                                           const Tensor<T>& weights = {},
                                                           const Tensor<T>& positive_weights = {}) {
  return binary_cross_entropy_with_logits(x, detail::constant(target), options, weights, positive_weights);
}

struct KlDivOptions {
  bool log_target = false;  ///< whether targets are logarithms, too
  LossOptions loss = {};
};
/// Divergence of Kullback and Leibler, of each element: t (log t - x), where x is a log-probability and the
/// target t a probability; 0 for t = 0. With `log_target`, exp(t) (t - x). The divergence of distributions is
/// the sum over the classes: use Reduction::sum and divide by the number of rows, PyTorch's "batchmean".
template <Real T>
[[nodiscard]] Variable<T> kl_div(const Variable<T>& x, const Variable<T>& target, KlDivOptions options = {},
                                 const Tensor<T>& weights = {}) {
  return options.log_target ? detail::element_loss<math::LossFunction::kl_divergence_log_target>(
                                  "kl_div", x, target, options.loss, weights)
                            : detail::element_loss<math::LossFunction::kl_divergence>("kl_div", x, target,
                                                                                      options.loss, weights);
}
template <Real T>
[[nodiscard]] Variable<T> kl_div(const Variable<T>& x, const Tensor<T>& target, KlDivOptions options = {},
                                 const Tensor<T>& weights = {}) {
  return kl_div(x, detail::constant(target), options, weights);
}

struct HingeOptions {
  double margin = 1;  ///< finite
  LossOptions loss = {};
};
/// Hinge loss: max(0, margin - target x), where targets are 1 or -1. With x = a - b it is the margin ranking
/// loss: 1 if a shall be the larger one. Used as mse_loss.
template <Real T>
[[nodiscard]] Variable<T> hinge_loss(const Variable<T>& x, const Variable<T>& target,
                                     HingeOptions options = {}, const Tensor<T>& weights = {}) {
  if (!std::isfinite(options.margin))
    fail<ValueError>("hinge_loss: margin is ", options.margin, ", expected a finite number");
  return detail::element_loss<math::LossFunction::hinge>("hinge_loss", x, target, options.loss, weights,
                                                         {.size = static_cast<T>(options.margin)});
}
template <Real T>
[[nodiscard]] Variable<T> hinge_loss(const Variable<T>& x, const Tensor<T>& target, HingeOptions options = {},
                                     const Tensor<T>& weights = {}) {
  return hinge_loss(x, detail::constant(target), options, weights);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
