// SPDX-License-Identifier: MIT
#pragma once
// Softmax cross entropy and accuracy of classifiers.

#include "lstmlib/ops/losses/classes.hpp"
#include "lstmlib/ops/reduce.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
template <Real T>
CrossEntropyProblem<T> cross_entropy_problem(const Variable<T>& scores, const Labels& labels,
                                             const Tensor<T>& class_weights, std::int32_t ignore) {
  require("softmax_cross_entropy", "scores", scores);
  require("softmax_cross_entropy", "labels", labels);
  const Shape& shape = scores.shape();
  if (shape.rank() < 2 || shape[1] < 1 || labels.shape() != without_axis(shape, 1))
    fail<ShapeError>("softmax_cross_entropy: labels ", labels.shape(), " for scores ", shape,
                     "; expected scores [rows, classes, ...] and labels [rows, ...]");
  if (class_weights && class_weights.shape() != Shape{shape[1]})
    fail<ShapeError>("softmax_cross_entropy: class weights ", class_weights.shape(), " for scores ", shape,
                     ", expected [", shape[1], "]");
  return {AxisView(shape, 1), labels.view(), class_weights.view(), ignore};
}

template <Real T>
Variable<T> unreduced_cross_entropy(const Variable<T>& scores, const Labels& labels,
                                    std::int32_t ignore_label, const Tensor<T>& class_weights) {
  const auto problem = cross_entropy_problem(scores, labels, class_weights, ignore_label);
  auto& nn_kernels = kernels("softmax_cross_entropy", scores.value(), labels, class_weights).nn;
  auto log_p = Tensor<T>::uninitialized(scores.shape(), scores.device());
  auto losses = Tensor<T>::uninitialized(labels.shape(), scores.device());
  nn_kernels.cross_entropy(problem, true, scores.view(),
                           {log_p.mutable_view(), losses.mutable_view(), {}, {}});
  return record("softmax_cross_entropy", losses, {scores}, reads(labels, class_weights),
                [&nn_kernels, scores, labels, class_weights, ignore_label, log_p](auto d_losses, auto d) {
                  nn_kernels.cross_entropy_backward(
                      cross_entropy_problem(scores, labels, class_weights, ignore_label), log_p.view(),
                      d_losses[0].view(), {}, d[0].view());
                });
}

}  // namespace detail

/// Cross entropy of softmax(scores): -class_weight * log softmax(scores)[label] for each entry, 0 if ignored.
/// scores [rows, classes, ...], labels [rows, ...], class_weights [classes] or absent. The result is a
/// scalar: the sum, divided as the options say; weights do not change the divisor. With Reduction::none it
/// has the shape of the labels. Throws ShapeError if the shapes do not match and IndexError for a label outside
/// the classes. There is an overload for probabilities as targets, too.
///
///     auto loss = ops::softmax_cross_entropy(model(batch.tokens), batch.labels);
template <Real T>
[[nodiscard]] Variable<T> softmax_cross_entropy(const Variable<T>& scores, const Labels& labels,
                                                CrossEntropyOptions options = {},
                                                const Tensor<T>& class_weights = {}) {
  detail::check_cross_entropy_options("softmax_cross_entropy", options);
  if (options.label_smoothing > 0)
    return detail::class_loss("softmax_cross_entropy", scores, labels, {}, true, options, class_weights);
  if (options.reduction != Reduction::mean) {
    auto losses = detail::unreduced_cross_entropy(scores, labels, options.ignore_label, class_weights);
    return options.reduction == Reduction::none ? losses : sum(losses);
  }
  const auto problem = detail::cross_entropy_problem(scores, labels, class_weights, options.ignore_label);
  auto& nn_kernels = kernels("softmax_cross_entropy", scores.value(), labels, class_weights).nn;
  const Device device = scores.device();
  auto log_p = Tensor<T>::uninitialized(scores.shape(), device);
  auto losses = Tensor<T>::uninitialized({labels.size()}, device);
  auto loss = Tensor<T>::uninitialized({}, device), factor = Tensor<T>::uninitialized({}, device);
  nn_kernels.cross_entropy(
      problem, options.normalize, scores.view(),
      {log_p.mutable_view(), losses.mutable_view(), loss.mutable_view(), factor.mutable_view()});
  return record("softmax_cross_entropy", loss, {scores}, reads(labels, class_weights),
                [&nn_kernels, scores, labels, class_weights, options, log_p, factor](auto d_loss, auto d) {
                  nn_kernels.cross_entropy_backward(
                      detail::cross_entropy_problem(scores, labels, class_weights, options.ignore_label),
                      log_p.view(), d_loss[0].view(), factor.view(), d[0].view());
                });
}

/// The number of correct predictions. It stays on the device of the scores until it is read.
class Correct {
 public:
  explicit Correct(Tensor<std::int32_t> counts) : counts_(std::move(counts)) {
    if (!counts_ || counts_.shape() != Shape{2})
      fail<ShapeError>("correct: counts ", counts_.shape(), ", expected [2]");
  }

  /// Correct entries, and entries that were not ignored.
  struct Counts {
    Index correct = 0, counted = 0;
  };
  /// Waits for the device.
  Counts counts() const {
    const Tensor<std::int32_t> here = counts_.to(Device::cpu());
    return {here.values()[0], here.values()[1]};
  }
  /// The fraction of correct predictions, 0 to 1; 0 if none counts. Waits for the device.
  double share() const {
    const Counts found = counts();
    return found.counted ? static_cast<double>(found.correct) / static_cast<double>(found.counted) : 0;
  }

 private:
  Tensor<std::int32_t> counts_;  ///< [2]: correct, counted
};

/// Counts the rows whose first largest score is that of their label. Rows with ignore_label do not count; a
/// row with a NaN score is never correct. scores [rows, classes], labels [rows]. Throws ShapeError if the
/// shapes do not match and IndexError for a label outside the classes (on a GPU, only when the counts are
/// read).
template <Real T>
[[nodiscard]] Correct count_correct(const Variable<T>& scores, const Labels& labels,
                                    std::int32_t ignore_label = -1) {
  detail::require("accuracy", "scores", scores);
  detail::require("accuracy", "labels", labels);
  const Shape& shape = scores.shape();
  if (shape.rank() != 2 || shape[1] < 1 || labels.shape() != Shape{shape[0]})
    fail<ShapeError>("accuracy: labels ", labels.shape(), " for scores ", shape,
                     "; expected scores [rows, classes] and labels [rows]");
  auto counts = Tensor<std::int32_t>::uninitialized({2}, scores.device());
  kernels("accuracy", scores.value(), labels)
      .nn.count_correct(scores.view(), labels.view(), ignore_label, counts.mutable_view());
  return Correct(std::move(counts));
}
/// The fraction of correct predictions, as count_correct(...).share(). Waits for the device.
template <Real T>
[[nodiscard]] double accuracy(const Variable<T>& scores, const Labels& labels,
                              std::int32_t ignore_label = -1) {
  return count_correct(scores, labels, ignore_label).share();
}

}  // namespace lstmlib::ops
