// SPDX-License-Identifier: MIT
#pragma once
// Losses and measures of classifiers.

#include "lstmlib/autograd/backward.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

using Labels = Tensor<std::int32_t>;

struct CrossEntropyOptions {
  std::int32_t ignore_label = -1;  ///< entries with it count nowhere
  bool normalize = true;  ///< divide by the number of entries that count (at least 1), else by the rows
};

namespace detail {
template <Real T>
CrossEntropyProblem<T> cross_entropy_problem(const Variable<T>& scores, const Labels& labels,
                                             const Tensor<T>& class_weights, std::int32_t ignore) {
  const Shape& shape = scores.shape();
  if (shape.rank() < 2 || labels.size() != shape.elements() / std::max<Index>(1, shape[1]) ||
      labels.shape()[0] != shape[0])
    fail<ShapeError>("softmax_cross_entropy: labels ", labels.shape(), " for scores ", shape);
  if (class_weights && class_weights.size() != shape[1])
    fail<ShapeError>("softmax_cross_entropy: ", class_weights.size(), " class weights for scores ", shape);
  return {AxisView(shape, 1), labels.view(), class_weights.view(), ignore};
}
}  // namespace detail

/// -class_weight log softmax(scores)[label] for each entry, 0 where ignored. scores [rows, classes, ...],
/// labels [rows, ...], class_weights [classes] or absent; result as labels. Throws ShapeError for a label
/// outside the classes.
template <Real T>
Variable<T> softmax_cross_entropy_each(const Variable<T>& scores, const Labels& labels,
                                       std::int32_t ignore_label = -1, const Tensor<T>& class_weights = {}) {
  auto& neural = kernels("softmax_cross_entropy", scores.value(), labels, class_weights).neural;
  auto log_p = Tensor<T>::uninitialized(scores.shape(), scores.device());
  auto losses = Tensor<T>::uninitialized(labels.shape(), scores.device());
  neural.cross_entropy(detail::cross_entropy_problem(scores, labels, class_weights, ignore_label), true,
                       scores.view(), {log_p.mutable_view(), losses.mutable_view(), {}, {}});
  return record("softmax_cross_entropy", losses, {scores}, reads(labels, class_weights),
                [&neural, scores, labels, class_weights, ignore_label, log_p](auto d_losses, auto d) {
                  neural.cross_entropy_backward(
                      detail::cross_entropy_problem(scores, labels, class_weights, ignore_label),
                      log_p.view(), d_losses[0].view(), {}, d[0].view());
                });
}

/// The sum of softmax_cross_entropy_each, divided as the options say; weights do not enter the divisor. A
/// scalar.
template <Real T>
Variable<T> softmax_cross_entropy(const Variable<T>& scores, const Labels& labels,
                                  CrossEntropyOptions options = {}, const Tensor<T>& class_weights = {}) {
  auto& neural = kernels("softmax_cross_entropy", scores.value(), labels, class_weights).neural;
  const Device device = scores.device();
  auto log_p = Tensor<T>::uninitialized(scores.shape(), device);
  auto losses = Tensor<T>::uninitialized({labels.size()}, device);
  auto loss = Tensor<T>::uninitialized({}, device), factor = Tensor<T>::uninitialized({}, device);
  neural.cross_entropy(
      detail::cross_entropy_problem(scores, labels, class_weights, options.ignore_label), options.normalize,
      scores.view(),
      {log_p.mutable_view(), losses.mutable_view(), loss.mutable_view(), factor.mutable_view()});
  return record("softmax_cross_entropy", loss, {scores}, reads(labels, class_weights),
                [&neural, scores, labels, class_weights, options, log_p, factor](auto d_loss, auto d) {
                  neural.cross_entropy_backward(
                      detail::cross_entropy_problem(scores, labels, class_weights, options.ignore_label),
                      log_p.view(), d_loss[0].view(), factor.view(), d[0].view());
                });
}

/// How many answers are right, counted where the scores are: nothing waits until it is read.
class Correct {
 public:
  explicit Correct(Tensor<std::int32_t> counts) : counts_(std::move(counts)) {}

  struct Counts {
    Index correct = 0, counted = 0;
  };
  /// Waits for the device.
  Counts counts() const {
    const Tensor<std::int32_t> here = counts_.to(Device::cpu());
    return {here.values()[0], here.values()[1]};
  }
  /// The share of right answers, 0 to 1; 0 if none counts. Waits for the device.
  double share() const {
    const Counts found = counts();
    return found.counted ? static_cast<double>(found.correct) / static_cast<double>(found.counted) : 0;
  }

 private:
  Tensor<std::int32_t> counts_;  ///< [2]: correct, counted
};

/// Of rows whose label is not ignored, those whose first largest score is that of their label. scores [rows,
/// classes], labels [rows].
template <Real T>
Correct count_correct(const Variable<T>& scores, const Labels& labels, std::int32_t ignore_label = -1) {
  if (scores.shape().rank() != 2 || labels.size() != scores.shape()[0])
    fail<ShapeError>("accuracy: labels ", labels.shape(), " for scores ", scores.shape());
  auto counts = Tensor<std::int32_t>::uninitialized({2}, scores.device());
  kernels("accuracy", scores.value(), labels)
      .neural.count_correct(scores.view(), labels.view(), ignore_label, counts.mutable_view());
  return Correct(std::move(counts));
}
/// The share of right answers at once.
template <Real T>
double accuracy(const Variable<T>& scores, const Labels& labels, std::int32_t ignore_label = -1) {
  return count_correct(scores, labels, ignore_label).share();
}

}  // namespace lstmlib::ops
