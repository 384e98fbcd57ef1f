// SPDX-License-Identifier: MIT
#pragma once
// Losses over classes besides softmax cross entropy of plain labels, which loss.hpp has: negative
// log-likelihood, label smoothing and probabilities as targets.

#include "lstmlib/ops/losses/reduction.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Class ids.
using Labels = Tensor<std::int32_t>;

struct CrossEntropyOptions {
  std::int32_t ignore_label = -1;  ///< entries with this label do not count
  /// What `mean` divides by: true, the number of entries that count (at least 1); false, the number of rows.
  bool normalize = true;
  Reduction reduction = Reduction::mean;
  /// The target becomes (1 - label_smoothing) target + label_smoothing / classes. 0 to 1.
  double label_smoothing = 0;
};

namespace detail {
inline void check_cross_entropy_options(const char* op, const CrossEntropyOptions& options) {
  require_reduction(op, options.reduction);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    fail<ValueError>(op, ": label_smoothing is ", options.label_smoothing, ", expected 0 to 1");
}
/// x: scores [rows, classes, ...] if `of_scores`, else log-probabilities. Either labels or probabilities.
template <Real T>
Variable<T> class_loss(const char* op, const Variable<T>& x, const Labels& labels,
                       const Tensor<T>& probabilities, bool of_scores, const CrossEntropyOptions& options,
                       const Tensor<T>& class_weights) {
  require(op, of_scores ? "scores" : "log-probabilities", x);
  check_cross_entropy_options(op, options);
  const Shape& shape = x.shape();
  const bool has_classes = shape.rank() >= 2 && shape[1] >= 1;
  if (!probabilities) require(op, "labels", labels);
  if (!has_classes || (labels && labels.shape() != without_axis(shape, 1)))
    fail<ShapeError>(op, ": labels ", labels.shape(), " for scores ", shape,
                     "; expected scores [rows, classes, ...] and labels [rows, ...]");
  if (probabilities && probabilities.shape() != shape)
    fail<ShapeError>(op, ": probabilities ", probabilities.shape(), " for scores ", shape,
                     ", expected the same shape");
  if (class_weights && class_weights.shape() != Shape{shape[1]})
    fail<ShapeError>(op, ": class weights ", class_weights.shape(), " for scores ", shape, ", expected [",
                     shape[1], "]");
  const auto& all = kernels(op, x.value(), labels, probabilities, class_weights);
  const auto place = loss_place<T>(op, x.device());
  auto log_p = x.value();
  if (of_scores) {
    auto made = Tensor<T>::uninitialized(shape, x.device());
    all.tensor.softmax(AxisView(shape, 1), true, x.view(), made.mutable_view());
    log_p = made;
  }
  const auto problem = [op, shape, labels, probabilities, class_weights, options] {
    return ClassLossProblem<T>{op,
                               AxisView(shape, 1),
                               labels.view(),
                               probabilities.view(),
                               class_weights.view(),
                               options.ignore_label,
                               static_cast<T>(options.label_smoothing)};
  };
  LossTensors<T> made(options.reduction, without_axis(shape, 1), x.device());
  const LossDivisor divisor = options.reduction != Reduction::mean ? LossDivisor::one
                              : options.normalize                  ? LossDivisor::weights
                                                                   : LossDivisor::number;
  place.class_loss(problem(), log_p.view(), made.result(divisor, shape[0]));
  return record(op, made.value(), {x}, reads(log_p, labels, probabilities, class_weights),
                [place, problem, log_p, of_scores, factor = made.factor](auto d_loss, auto d) {
                  place.class_loss_backward(problem(), log_p.view(), of_scores, factor.view(),
                                            d_loss[0].view(), d[0].view());
                });
}
}  // namespace detail

/// Negative log-likelihood: -class_weight * log_probabilities[label] for each entry, 0 if ignored.
/// log_probabilities [rows, classes, ...], labels [rows, ...], class_weights [classes] or absent. Reduced as
/// softmax_cross_entropy(), of which it is the second half. Throws ShapeError if the shapes do not match and
/// IndexError for a label outside the classes.
///
///     const auto loss = ops::nll_loss(ops::log_softmax(scores), labels);
template <Real T>
[[nodiscard]] Variable<T> nll_loss(const Variable<T>& log_probabilities, const Labels& labels,
                                   CrossEntropyOptions options = {}, const Tensor<T>& class_weights = {}) {
  return detail::class_loss("nll_loss", log_probabilities, labels, {}, false, options, class_weights);
}

/// Cross entropy of softmax(scores) with probabilities as targets: -sum over the classes c of class_weight_c
/// p_c log softmax(scores)_c for each entry. scores and probabilities [rows, classes, ...]. Every entry counts.
/// Probabilities are not checked to be at least 0 or to add up to 1, and get no gradient. Otherwise as with
/// labels.
template <Real T>
[[nodiscard]] Variable<T> softmax_cross_entropy(const Variable<T>& scores, const Tensor<T>& probabilities,
                                                CrossEntropyOptions options = {},
                                                const Tensor<T>& class_weights = {}) {
  detail::require("softmax_cross_entropy", "the probabilities", probabilities);
  return detail::class_loss("softmax_cross_entropy", scores, {}, probabilities, true, options, class_weights);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
