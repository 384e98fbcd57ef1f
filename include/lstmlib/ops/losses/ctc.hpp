// SPDX-License-Identifier: MIT
#pragma once
// Connectionist temporal classification [Graves 2006]: the loss of a sequence of labels without alignment.

#include "lstmlib/ops/losses/reduction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

struct CtcOptions {
  std::int32_t blank = 0;  ///< the class that stands for no label
  /// Whether a sequence that is too short for its labels has loss and gradient 0. false: infinite loss, and NaN
  /// as the gradient of its rows.
  bool zero_infinity = false;
  /// `mean` divides each loss by the number of labels of its sequence (at least 1), and their sum by the number
  /// of sequences.
  Reduction reduction = Reduction::mean;
};

namespace detail {
/// log(exp(a) + exp(b)); a NaN stays.
template <Real T>
T log_add(T a, T b) {
  const T low = -std::numeric_limits<T>::infinity();
  if (a == low) return b;
  if (b == low) return a;
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

/// One sequence: log_p [steps, classes] and its labels. The states are the labels with blanks before, between
/// and after them. Forward and backward variables are logarithms.
template <Real T>
class CtcSequence {
 public:
  CtcSequence(const T* log_p, Index steps, Index classes, std::span<const std::int32_t> labels,
              std::int32_t blank)
      : log_p_(log_p), steps_(steps), classes_(classes), labels_(labels), blank_(blank) {}

  /// The loss. With `posterior` [steps, classes] also the probability of each class at each step given the
  /// labels: minus the gradient of the loss by log_p.
  T run(T* posterior) const {
    const Index states = 2 * std::ssize(labels_) + 1;
    const T low = -std::numeric_limits<T>::infinity();
    std::vector<T> forward(static_cast<std::size_t>(steps_ * states), low);
    for (Index t = 0; t < steps_; ++t)
      for (Index s = 0; s < states; ++s) {
        T sum = t == 0 ? (s < 2 ? T(0) : low) : low;
        if (t > 0) {
          const T* before = forward.data() + (t - 1) * states;
          sum = before[s];
          if (s > 0) sum = log_add(sum, before[s - 1]);
          if (skips_to(s)) sum = log_add(sum, before[s - 2]);
        }
        forward[static_cast<std::size_t>(t * states + s)] = sum + emission(t, s);
      }
    const T* last = forward.data() + (steps_ - 1) * states;
    const T log_likelihood = states == 1 ? last[0] : log_add(last[states - 1], last[states - 2]);
    if (posterior) back(forward, log_likelihood, posterior);
    return -log_likelihood;
  }

 private:
  std::int32_t label(Index state) const {
    return state % 2 == 0 ? blank_ : labels_[static_cast<std::size_t>(state / 2)];
  }
  T emission(Index t, Index state) const { return log_p_[t * classes_ + label(state)]; }
  /// Whether the state before the last may go to `state`: a blank between different labels may be left out.
  bool skips_to(Index state) const {
    return state >= 2 && state % 2 == 1 && label(state) != label(state - 2);
  }
  /// The backward variable of a state excludes its own emission, so that forward + backward is the logarithm
  /// of the probability of all alignments through it.
  void back(const std::vector<T>& forward, T log_likelihood, T* posterior) const {
    const Index states = 2 * std::ssize(labels_) + 1;
    const T low = -std::numeric_limits<T>::infinity();
    std::vector<T> next(static_cast<std::size_t>(states), low), now = next;
    std::fill_n(posterior, steps_ * classes_, T(0));
    for (Index t = steps_; t-- > 0;) {
      for (Index s = 0; s < states; ++s) {
        T sum = t + 1 == steps_ && s >= states - 2 ? T(0) : low;
        if (t + 1 < steps_) {
          const auto go_to = [&](Index to) {
            sum = log_add(sum, next[static_cast<std::size_t>(to)] + emission(t + 1, to));
          };
          go_to(s);
          if (s + 1 < states) go_to(s + 1);
          if (s + 2 < states && skips_to(s + 2)) go_to(s + 2);
        }
        now[static_cast<std::size_t>(s)] = sum;
        posterior[t * classes_ + label(s)] +=
            std::exp(forward[static_cast<std::size_t>(t * states + s)] + sum - log_likelihood);
      }
      std::swap(now, next);
    }
  }

  const T* log_p_;
  Index steps_, classes_;
  std::span<const std::int32_t> labels_;
  std::int32_t blank_;
};

template <Real T>
void check_ctc(const Ragged<Variable<T>>& x, std::span<const std::vector<std::int32_t>> targets,
               const CtcOptions& options) {
  const char* op = "ctc_loss";
  require_rows(op, x);
  require_reduction(op, options.reduction);
  const Index classes = x.values.shape()[1];
  if (std::ssize(targets) != x.sequences())
    fail<ShapeError>(op, ": ", targets.size(), " targets for ", x.sequences(), " sequences");
  if (options.blank < 0 || options.blank >= classes)
    fail<IndexError>(op, ": blank ", options.blank, ", expected 0 to ", classes - 1);
  for (const auto& labels : targets)
    for (const std::int32_t label : labels)
      if (label < 0 || label >= classes || label == options.blank)
        fail<IndexError>(op, ": label ", label, ", expected 0 to ", classes - 1, " without the blank ",
                         options.blank);
}
}  // namespace detail

/// Connectionist temporal classification: -log of the probability that the rows of a sequence spell its labels,
/// summed over all alignments. An alignment has a class for each row; equal neighbours count as one, and blanks
/// are left out. log_probabilities.values [rows, classes], as log_softmax gives; `targets` are the labels of
/// each sequence, any number of them, none the blank. Padding does not exist.
///
/// The result is a scalar, or with Reduction::none [sequences]. A sequence with fewer rows than its labels need
/// (one each, and one more between equal neighbours) has an infinite loss: see `zero_infinity`.
///
/// It is computed in the host's memory: on a GPU, log-probabilities and gradient are copied, and the call waits
/// for the device, so it cannot be part of run_as_graph. Throws ShapeError if the shapes do not match and
/// IndexError for a label that is not a class.
///
///     const std::vector<std::vector<std::int32_t>> words{{3, 1, 20}, {4, 15, 7}};
///     const auto loss = ops::ctc_loss(x.with(ops::log_softmax(scores)), words);
template <Real T>
[[nodiscard]] Variable<T> ctc_loss(const Ragged<Variable<T>>& log_probabilities,
                                   std::span<const std::vector<std::int32_t>> targets,
                                   CtcOptions options = {}) {
  detail::check_ctc(log_probabilities, targets, options);
  const Variable<T>& x = log_probabilities.values;
  const SequenceLayout& layout = *log_probabilities.layout;
  const Index classes = x.shape()[1], count = layout.sequences();
  const bool keep = needs_graph<T>({&x});
  const Tensor<T> here = x.value().to(Device::cpu());
  Tensor<T> losses = Tensor<T>::uninitialized({count}), posterior;
  if (keep) posterior = Tensor<T>::uninitialized(x.shape());
  T* to = losses.mutable_view().data;
  T* kept = posterior.mutable_view().data;
  std::vector<T> factors;  // of each sequence in the reduced loss
  T total = 0;
  for (Index s = 0; s < count; ++s) {
    const auto& labels = targets[static_cast<std::size_t>(s)];
    const Index first = layout.begin(s) * classes;
    T* own = keep ? kept + first : nullptr;
    const detail::CtcSequence<T> sequence(here.view().data + first, layout.length(s), classes, labels,
                                          options.blank);
    to[s] = sequence.run(own);
    if (to[s] == std::numeric_limits<T>::infinity()) {
      if (options.zero_infinity) to[s] = 0;
      const T d = options.zero_infinity ? T(0) : std::numeric_limits<T>::quiet_NaN();
      if (own) std::fill_n(own, layout.length(s) * classes, d);
    }
    const Index divisor =
        options.reduction == Reduction::mean ? std::max<Index>(1, std::ssize(labels)) * count : 1;
    factors.push_back(T(1) / static_cast<T>(divisor));
    total += factors.back() * to[s];
  }
  const bool reduced = options.reduction != Reduction::none;
  const Tensor<T> result = reduced ? Tensor<T>::from({total}, {}) : losses;
  return record("ctc_loss", result.to(x.device()), {x}, reads(),
                [posterior, reduced, factors = std::move(factors), layout = log_probabilities.layout,
                 classes](auto d_loss, auto d) mutable {
                  if (!d[0].needed()) return;
                  const Tensor<T> d_here = d_loss[0].to(Device::cpu());
                  T* at = posterior.mutable_view().data;
                  for (Index s = 0; s < layout->sequences(); ++s) {
                    const T by = factors[static_cast<std::size_t>(s)] *
                                 d_here.values()[reduced ? 0 : static_cast<std::size_t>(s)];
                    for (Index i = layout->length(s) * classes; i > 0; --i) *at++ *= by;
                  }
                  const Tensor<T> there = posterior.to(d_loss[0].device());
                  kernels("ctc_loss", there).tensor.add_scaled(T(-1), there.view(), d[0].view());
                });
}
/// The labels as a ragged batch, whose sequences are those of the log-probabilities.
template <Real T>
[[nodiscard]] Variable<T> ctc_loss(const Ragged<Variable<T>>& log_probabilities, const Tokens& targets,
                                   CtcOptions options = {}) {
  detail::require_tokens("ctc_loss", targets);
  const Tensor<std::int32_t> here = targets.values.to(Device::cpu());
  std::vector<std::vector<std::int32_t>> lists;
  for (Index s = 0; s < targets.sequences(); ++s) {
    const auto labels = here.values().subspan(static_cast<std::size_t>(targets.layout->begin(s)),
                                              static_cast<std::size_t>(targets.layout->length(s)));
    lists.emplace_back(labels.begin(), labels.end());
  }
  return ctc_loss(log_probabilities, lists, options);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
