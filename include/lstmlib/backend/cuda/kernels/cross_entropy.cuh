// SPDX-License-Identifier: MIT
#pragma once
// Softmax cross entropy: log-probabilities and loss in one pass over the scores; and the count of correct
// predictions.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/cuda/data_errors.cuh"
#include "lstmlib/backend/cuda/kernels/softmax.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Arguments of all its kernels. The forward pass reports labels that are not classes; these have no loss and
/// no gradient.
template <class T>
struct LabelledScores {
  const std::int32_t* labels;
  const T* class_weights;
  std::int32_t ignore;
  Index classes, inner;

  LSTMLIB_HOST_DEVICE bool bad(std::int32_t label) const {
    return label != ignore && (label < 0 || label >= classes);
  }
  LSTMLIB_HOST_DEVICE bool counts(std::int32_t label) const { return label != ignore && !bad(label); }
  LSTMLIB_HOST_DEVICE T weight(std::int32_t label) const {
    return class_weights ? class_weights[label] : T(1);
  }
};

/// Body for for_each_line.
template <class T>
struct CrossEntropy {
  LabelledScores<T> problem;
  const T* scores;
  T *log_probabilities, *losses;
  DataErrorWord* errors;
  template <class Together>
  __device__ void operator()(Index first, const LinePart& part, Together together) const {
    using std::log;
    const SoftmaxScale<T> scale = softmax_scale(scores + first, part, together);
    const T log_total = log(scale.total);
    for (Index i = part.first; i < part.size; i += part.step)
      log_probabilities[first + i * part.stride] =
          scores[first + i * part.stride] - scale.largest - log_total;
    if (part.first != 0) return;
    // The line's first element is at outer classes inner + column, and its label at outer inner + column.
    const Index outer = first / (problem.classes * problem.inner);
    const Index at = outer * problem.inner + (first - outer * problem.classes * problem.inner);
    const std::int32_t label = problem.labels[at];
    if (problem.bad(label)) report(errors, DataError::label, at, label, problem.classes);
    losses[at] = problem.counts(label) ? -problem.weight(label) *
                                             (scores[first + label * part.stride] - scale.largest - log_total)
                                       : T(0);
  }
};

/// One block. factor = 1 / number of labels that count, or 1 / `divisor` if that is not 0; total = factor
/// times the sum of the losses. Null: not needed.
template <class T>
__global__ void __launch_bounds__(default_threads)
    total_loss_kernel(LabelledScores<T> problem, const T* losses, Index count, Index divisor, T* total,
                      T* factor) {
  T sum = 0;
  std::int32_t counted = 0;
  for (Index i = simt::thread_index(); i < count; i += default_threads) {
    sum += losses[i];
    if (problem.counts(problem.labels[i])) ++counted;
  }
  sum = reduce_block(sum, Sum{}, simt::SharedArray<T>{0});
  counted = reduce_block(counted, Sum{}, simt::SharedArray<std::int32_t>{0});
  if (simt::thread_index() > 0) return;
  const Index divide_by = divisor ? divisor : counted > 0 ? counted : 1;
  const T times = T(1) / static_cast<T>(divide_by);
  if (factor) *factor = times;
  if (total) *total = times * sum;
}

/// For each element of d_scores [outer classes, inner]: += weight (p - one_hot(label)) d_loss.
template <class T>
struct CrossEntropyBackwardBody {
  LabelledScores<T> problem;
  const T *log_probabilities, *d_losses, *factor;
  bool one_d_loss;
  T* d_scores;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    using std::exp;
    const Index label_at = line / problem.classes * problem.inner + column,
                at = line * problem.inner + column;
    const std::int32_t label = problem.labels[label_at];
    if (!problem.counts(label)) return;
    const T d = problem.weight(label) * (factor ? *factor : T(1)) * d_losses[one_d_loss ? 0 : label_at];
    d_scores[at] += d * (exp(log_probabilities[at]) - (line % problem.classes == label ? T(1) : T(0)));
  }
};

/// Keeps the larger of two scores, or the first of equal ones. A NaN makes the result NaN at no class.
template <class T>
struct ScoreAt {
  static constexpr std::int32_t no_class = 0x7fffffff;
  T score;
  std::int32_t at;
  __device__ void join(T other, std::int32_t other_at) {
    if (score != score) return;
    if (other != other) score = other, at = no_class;
    else if (other > score || (other == score && other_at < at)) score = other, at = other_at;
  }
};
/// Each warp finds a row's first maximum. hits[row]: 0 if the label does not count, 1 if it counts, 2 if it
/// is also correct. Labels that are not classes are reported and do not count.
template <class T>
__global__ void __launch_bounds__(default_threads)
    find_hits_kernel(const T* scores, const std::int32_t* labels, std::int32_t ignore, Index rows,
                     std::int32_t classes, std::int32_t* hits, DataErrorWord* errors) {
  constexpr int rows_at_once = default_threads / 32;
  for (Index first = Index{simt::block_index()} * rows_at_once; first < rows;
       first += Index{simt::grid_blocks()} * rows_at_once) {
    const Index row = first + simt::thread_index() / 32;
    ScoreAt<T> best{-static_cast<T>(INFINITY), ScoreAt<T>::no_class};
    for (std::int32_t i = simt::lane(); row < rows && i < classes; i += 32)
      best.join(scores[row * classes + i], i);
    for (int mask = 16; mask > 0; mask /= 2)
      best.join(simt::shuffle_xor(best.score, mask), simt::shuffle_xor(best.at, mask));
    if (row >= rows || simt::lane() > 0) continue;
    const std::int32_t label = labels[row];
    const bool bad = label != ignore && (label < 0 || label >= classes);
    if (bad) report(errors, DataError::accuracy_label, row, label, classes);
    hits[row] = bad || label == ignore ? 0 : best.at == label ? 2 : 1;
  }
}
/// One block: counts [2] = correct rows, rows that count.
[[maybe_unused]] static __global__ void __launch_bounds__(default_threads)
    count_hits_kernel(const std::int32_t* hits, Index rows, std::int32_t* counts) {
  std::int32_t correct = 0, counted = 0;
  for (Index row = simt::thread_index(); row < rows; row += default_threads) {
    correct += hits[row] == 2 ? 1 : 0;
    counted += hits[row] > 0 ? 1 : 0;
  }
  const simt::SharedArray<std::int32_t> shared{0};
  correct = reduce_block(correct, Sum{}, shared);
  counted = reduce_block(counted, Sum{}, shared);
  if (simt::thread_index() > 0) return;
  counts[0] = correct;
  counts[1] = counted;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
