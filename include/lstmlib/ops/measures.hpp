// SPDX-License-Identifier: MIT
#pragma once
// Measures that add up batches: confusion matrix with precision, recall and F1, perplexity, errors of
// regression. None has gradients. add() waits for the device.

#include "lstmlib/ops/losses/classes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// How numbers of single classes become one.
enum class Average : std::uint8_t {
  micro,  ///< of the counts of all classes together
  macro   ///< the mean over the classes that occur, in labels or predictions
};

/// Counts of labels and predictions, and what follows from them. A quotient without counts, such as the
/// precision of a class that was never predicted, is 0, as in scikit-learn. Before the first entry all
/// results are 0.
///
///     ops::ConfusionMatrix matrix(3);
///     for (const auto& batch : batches) matrix.add(model(batch.inputs), batch.targets);
///     std::cout << matrix.f1(ops::Average::macro) << '\n' << matrix.counts();
class ConfusionMatrix {
 public:
  /// Throws ValueError for fewer than 1 class.
  explicit ConfusionMatrix(Index classes, std::int32_t ignore_label = -1);

  /// Adds predicted classes [rows, ...] and their labels, of the same shape. Entries whose label is
  /// `ignore_label` do not count. Throws ShapeError if the shapes differ, and IndexError for a label or a
  /// prediction outside the classes; then nothing was added.
  void add(const Labels& predictions, const Labels& labels);
  /// Adds scores [rows, classes] and labels [rows]. A row's prediction is its first largest score. Throws
  /// ValueError for a score that is NaN in a row that counts, since that predicts no class.
  template <Real T>
  void add(const Variable<T>& scores, const Labels& labels) {
    detail::require("confusion matrix", "scores", scores);
    detail::require("confusion matrix", "labels", labels);
    if (scores.shape() != Shape{labels.size(), classes_} || labels.shape().rank() != 1)
      fail<ShapeError>("confusion matrix: scores ", scores.shape(), " and labels ", labels.shape(),
                       ", expected [rows, ", classes_, "] and [rows]");
    const Tensor<T> here = scores.value().to(Device::cpu());
    const Labels wanted = labels.to(Device::cpu());
    auto predictions = Labels::uninitialized(labels.shape());
    const auto to = predictions.mutable_values();
    for (std::size_t row = 0; row < to.size(); ++row) {
      const auto all =
          here.values().subspan(row * static_cast<std::size_t>(classes_), static_cast<std::size_t>(classes_));
      if (wanted.values()[row] != ignore_ && std::any_of(all.begin(), all.end(), [](T s) { return s != s; }))
        fail<ValueError>("confusion matrix: a score of row ", row, " is NaN");
      to[row] = static_cast<std::int32_t>(std::max_element(all.begin(), all.end()) - all.begin());
    }
    add(predictions, wanted);
  }
  /// Forgets all entries.
  void reset();

  Index classes() const { return classes_; }
  /// Entries of this label and this prediction. Throws IndexError for others than the classes.
  Index count(Index label, Index prediction) const;
  /// [classes, classes]: row = label, column = prediction.
  Tensor<std::int64_t> counts() const;
  /// Share of entries whose prediction is their label.
  double accuracy() const;

  /// Of one class: what share of its predictions is right; what share of its labels was found; 2 p r / (p + r).
  /// Throws IndexError if there is no such class.
  double precision(Index label) const;
  double recall(Index label) const;
  double f1(Index label) const;
  /// Of all classes.
  double precision(Average how) const;
  double recall(Average how) const;
  double f1(Average how) const;

 private:
  struct Counts {
    Index right = 0, predicted = 0, labelled = 0;
  };
  static double quotient(Index part, Index whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
  Index checked(Index label) const;
  Counts of(Index label) const;
  Counts totals() const;
  template <class Measure>
  double average(Average how, Measure measure) const;

  Index classes_;
  std::int32_t ignore_;
  std::vector<Index> counts_;  // [label, prediction]
};

/// exp of the mean loss of all words, for language models. A NaN in a loss stays; without words it is NaN.
///
///     ops::Perplexity perplexity;
///     perplexity.add(loss, batch.targets.size());    // a mean loss and the number of entries it is over
///     perplexity.value();
class Perplexity {
 public:
  /// `loss`: the mean cross entropy of `count` words, a scalar, as softmax_cross_entropy() gives it. With
  /// ignored labels, count those that are not. Throws ShapeError for other shapes and ValueError for a negative
  /// count.
  template <Real T>
  void add(const Variable<T>& loss, Index count) {
    detail::require("perplexity", "the loss", loss);
    add(static_cast<double>(loss.item()), count);
  }
  void add(double loss, Index count);
  void reset() { *this = {}; }
  Index count() const { return count_; }
  /// The mean loss, in nats.
  double mean_loss() const { return sum_ / static_cast<double>(count_); }
  double value() const { return std::exp(mean_loss()); }

 private:
  double sum_ = 0;
  Index count_ = 0;
};

/// Errors of regression over all elements that count. A NaN in one of them stays; without elements all are NaN.
///
///     ops::RegressionErrors errors;
///     errors.add(model(batch.inputs), batch.targets);
///     errors.mean_absolute_error();
class RegressionErrors {
 public:
  /// Adds predictions and targets of the same shape. `mask` is absent, or has that shape or its first axes;
  /// elements where it is 0 do not count, and others count once. Throws ShapeError if the shapes do not match.
  template <Real T>
  void add(const Tensor<T>& predictions, const Tensor<T>& targets, const Tensor<T>& mask = {}) {
    detail::require("regression errors", "predictions", predictions);
    detail::require("regression errors", "targets", targets);
    const auto of = targets.shape().sizes(), have = mask.shape().sizes();
    if (predictions.shape() != targets.shape())
      fail<ShapeError>("regression errors: predictions ", predictions.shape(), " and targets ",
                       targets.shape());
    if (mask && (have.size() > of.size() || !std::equal(have.begin(), have.end(), of.begin())))
      fail<ShapeError>("regression errors: mask ", mask.shape(), " for targets ", targets.shape(),
                       ", expected that shape or its first axes");
    const Tensor<T> x = predictions.to(Device::cpu()), t = targets.to(Device::cpu());
    const Tensor<T> counts = mask ? mask.to(Device::cpu()) : Tensor<T>();
    const Index inner = mask && mask.size() > 0 ? t.size() / mask.size() : 1;
    for (Index i = 0; i < t.size(); ++i) {
      if (mask && counts.values()[static_cast<std::size_t>(i / inner)] == T(0)) continue;
      add(static_cast<double>(x.values()[static_cast<std::size_t>(i)]),
          static_cast<double>(t.values()[static_cast<std::size_t>(i)]));
    }
  }
  template <Real T>
  void add(const Variable<T>& predictions, const Variable<T>& targets, const Tensor<T>& mask = {}) {
    add(predictions.value(), targets.value(), mask);
  }
  void add(double prediction, double target) {
    const double error = prediction - target, away = target - mean_;
    ++count_;
    absolute_ += std::abs(error);
    squared_ += error * error;
    mean_ += away / static_cast<double>(count_);  // [Welford 1962]
    spread_ += away * (target - mean_);
  }
  void reset() { *this = {}; }

  Index count() const { return count_; }
  double mean_absolute_error() const { return absolute_ / static_cast<double>(count_); }
  double mean_squared_error() const { return squared_ / static_cast<double>(count_); }
  double root_mean_squared_error() const { return std::sqrt(mean_squared_error()); }
  /// Coefficient of determination: 1 - squared errors / squared distances of the targets from their mean. 1 is
  /// best, 0 is as good as the mean. If all targets are equal, -infinity, or NaN if there are no errors either.
  double r2() const { return 1 - squared_ / spread_; }

 private:
  Index count_ = 0;
  double absolute_ = 0, squared_ = 0, mean_ = 0, spread_ = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::ops

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/measures.inl"
#endif
