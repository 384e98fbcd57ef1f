// SPDX-License-Identifier: MIT
#pragma once
// Measures. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/measures.hpp"

#include <algorithm>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

template <class Measure>
double ConfusionMatrix::average(Average how, Measure measure) const {
  if (how == Average::micro) return measure(totals());
  double sum = 0;
  Index present = 0;
  for (Index label = 0; label < classes_; ++label) {
    const Counts c = of(label);
    if (c.predicted + c.labelled == 0) continue;
    sum += measure(c);
    ++present;
  }
  return present == 0 ? 0 : sum / static_cast<double>(present);
}

LSTMLIB_INLINE ConfusionMatrix::ConfusionMatrix(Index classes, std::int32_t ignore_label)
    : classes_(classes), ignore_(ignore_label) {
  if (classes < 1 || classes > std::numeric_limits<std::int32_t>::max())
    fail<ValueError>("confusion matrix: ", classes, " classes, expected at least 1");
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

LSTMLIB_INLINE void ConfusionMatrix::add(const Labels& predictions, const Labels& labels) {
  detail::require("confusion matrix", "predictions", predictions);
  detail::require("confusion matrix", "labels", labels);
  if (predictions.shape() != labels.shape())
    fail<ShapeError>("confusion matrix: predictions ", predictions.shape(), " for labels ", labels.shape());
  const Labels predicted = predictions.to(Device::cpu()), here = labels.to(Device::cpu());
  auto counts = counts_;
  for (Index i = 0; i < here.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t label = here.values()[at];
    if (label == ignore_) continue;
    for (const std::int32_t one : {label, predicted.values()[at]})
      if (one < 0 || one >= classes_)
        fail<IndexError>("confusion matrix: class ", one, ", expected 0 to ", classes_ - 1);
    ++counts[static_cast<std::size_t>(label * classes_ + predicted.values()[at])];
  }
  counts_ = std::move(counts);
}

LSTMLIB_INLINE void ConfusionMatrix::reset() { std::fill(counts_.begin(), counts_.end(), Index{0}); }

LSTMLIB_INLINE Index ConfusionMatrix::count(Index label, Index prediction) const {
  return counts_[static_cast<std::size_t>(checked(label) * classes_ + checked(prediction))];
}

LSTMLIB_INLINE Tensor<std::int64_t> ConfusionMatrix::counts() const {
  const std::vector<std::int64_t> all(counts_.begin(), counts_.end());
  return Tensor<std::int64_t>::from(all, {classes_, classes_});
}

LSTMLIB_INLINE double ConfusionMatrix::accuracy() const {
  return quotient(totals().right, totals().labelled);
}

LSTMLIB_INLINE double ConfusionMatrix::precision(Index label) const {
  return quotient(of(label).right, of(label).predicted);
}

LSTMLIB_INLINE double ConfusionMatrix::recall(Index label) const {
  return quotient(of(label).right, of(label).labelled);
}

LSTMLIB_INLINE double ConfusionMatrix::f1(Index label) const {
  return quotient(2 * of(label).right, of(label).predicted + of(label).labelled);
}

LSTMLIB_INLINE double ConfusionMatrix::precision(Average how) const {
  return average(how, [](const Counts& c) { return quotient(c.right, c.predicted); });
}

LSTMLIB_INLINE double ConfusionMatrix::recall(Average how) const {
  return average(how, [](const Counts& c) { return quotient(c.right, c.labelled); });
}

LSTMLIB_INLINE double ConfusionMatrix::f1(Average how) const {
  return average(how, [](const Counts& c) { return quotient(2 * c.right, c.predicted + c.labelled); });
}

LSTMLIB_INLINE Index ConfusionMatrix::checked(Index label) const {
  if (label < 0 || label >= classes_)
    fail<IndexError>("confusion matrix: class ", label, ", expected 0 to ", classes_ - 1);
  return label;
}

LSTMLIB_INLINE ConfusionMatrix::Counts ConfusionMatrix::of(Index label) const {
  Counts c{count(label, label)};
  for (Index other = 0; other < classes_; ++other)
    c.predicted += count(other, label), c.labelled += count(label, other);
  return c;
}

LSTMLIB_INLINE ConfusionMatrix::Counts ConfusionMatrix::totals() const {
  Counts sum;
  for (Index label = 0; label < classes_; ++label) {
    const Counts c = of(label);
    sum.right += c.right, sum.predicted += c.predicted, sum.labelled += c.labelled;
  }
  return sum;
}

LSTMLIB_INLINE void Perplexity::add(double loss, Index count) {
  if (count < 0) fail<ValueError>("perplexity: ", count, " words, expected at least 0");
  if (count == 0) return;
  sum_ += loss * static_cast<double>(count);
  count_ += count;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
