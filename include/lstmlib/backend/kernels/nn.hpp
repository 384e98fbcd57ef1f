// SPDX-License-Identifier: MIT
#pragma once
// Kernels of embedding, dropout, losses, windows over text, convolution and pooling.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/math/philox.hpp"

#include <cstdint>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI {

/// Value of `ignore` if no id or label is ignored.
inline constexpr std::int32_t ignore_none = std::numeric_limits<std::int32_t>::min();

/// The sentence and position of each row. Dropout masks depend on nothing else.
struct RowPlaces {
  const SequenceLayout* layout = nullptr;  ///< null: row r is position 0 of sentence r
  std::uint64_t first_sentence = 0;        ///< index of the first sentence in the global batch
};

/// Dropout of rows: kept elements are divided by 1 - ratio.
struct RowDropout {
  math::RandomKey key;
  double ratio = 0;  ///< 0 to below 1; 0: all elements are kept
  RowPlaces places;
};

template <class T>
struct CrossEntropyProblem {
  AxisView axis;                    ///< classes
  View<const std::int32_t> labels;  ///< [outer, inner]
  View<const T> class_weights;      ///< [classes] or null
  std::int32_t ignore_label;
};

/// Results of the loss. `total` and `factor` have one element.
template <class T>
struct CrossEntropyResult {
  View<T> log_probabilities;  ///< shape of the scores
  View<T> losses;             ///< [outer, inner]: -weight log p[label], 0 where ignored
  View<T> total;              ///< their sum times the factor, or null
  View<T> factor;             ///< if normalized 1 / (labels not ignored, at least 1), else 1 / outer; or null
};

/// Geometry of a 2-D convolution. Sizes and strides are in pixels.
struct Convolution2d {
  Index channels, height, width;  ///< of the input image
  Index kernel_height, kernel_width;
  Index stride_height = 1, stride_width = 1, pad_height = 0, pad_width = 0, dilate_height = 1,
        dilate_width = 1;

  Index out_height() const {
    return (height + 2 * pad_height - dilate_height * (kernel_height - 1) - 1) / stride_height + 1;
  }
  Index out_width() const {
    return (width + 2 * pad_width - dilate_width * (kernel_width - 1) - 1) / stride_width + 1;
  }
  [[nodiscard]] Index column_size() const noexcept { return channels * kernel_height * kernel_width; }
};

template <Real T>
class NnKernels {
 public:
  virtual ~NnKernels() = default;
  /// Row i = table row ids[i] with dropout, or zeros if the id is `ignore`. Throws IndexError for an id
  /// outside the table.
  virtual void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore,
                           const RowDropout& dropout, View<T> rows) = 0;
  /// Sums rows of equal ids, each with dropout. `distinct` gets the ids in ascending order without `ignore`,
  /// and row i of `sums` the sum for distinct[i]. Rows are added in order. Both results need room for all
  /// rows. Returns the number of distinct ids. If only the device knows that number, it returns an upper
  /// bound instead and fills the end of `distinct` with -1.
  virtual Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                               const RowDropout& dropout, View<std::int32_t> distinct, View<T> sums) = 0;
  /// Table row ids[i] += row i. Negative ids are skipped.
  virtual void scatter_add_rows(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                                View<T> table) = 0;

  /// y = or += x mask / (1 - ratio). `places` gives the positions of the rows. The same key gives the same
  /// mask on every device.
  virtual void dropout(const RowDropout& dropout, View<const T> x, View<T> y, OutputMode) = 0;

  /// Throws IndexError for a label that is not a class.
  virtual void cross_entropy(const CrossEntropyProblem<T>&, bool normalize, View<const T> scores,
                             const CrossEntropyResult<T>&) = 0;
  /// d_scores += weight (p - one_hot(label)) d_losses. d_losses has one element, which is multiplied by the
  /// forward result's `factor`, or one per label (then `factor` is null).
  virtual void cross_entropy_backward(const CrossEntropyProblem<T>&, View<const T> log_probabilities,
                                      View<const T> d_losses, View<const T> factor, View<T> d_scores) = 0;
  /// counts [2] = correct rows, rows that count. A row of scores [rows, classes] is correct if its first
  /// maximum is at its label and no score is NaN. Rows with the label `ignore` do not count. Throws
  /// IndexError for a label that is not a class.
  virtual void count_correct(View<const T> scores, View<const std::int32_t> labels, std::int32_t ignore,
                             View<std::int32_t> counts) = 0;

  /// Columns of a convolution over time, with window - 1 rows of zeros before and after each sequence.
  /// Sequence s has length(s) + window - 1 windows, sequences one after another. x [rows, features], columns
  /// [windows, features window]: feature-major, like the weights [filters, features, window, 1].
  virtual void unfold_time(const SequenceLayout&, Index window, View<const T> x, View<T> columns) = 0;
  virtual void unfold_time_backward(const SequenceLayout&, Index window, View<const T> d_columns,
                                    View<T> d_x) = 0;
  /// columns [out_height out_width, channels kernel_height kernel_width] of one image [channels, height,
  /// width].
  virtual void unfold_image(const Convolution2d&, View<const T> image, View<T> columns) = 0;
  virtual void unfold_image_backward(const Convolution2d&, View<const T> d_columns, View<T> d_image) = 0;

  /// y [sequences, features] = maximum over the rows of each sequence, or NaN if one of them is. In the
  /// backward pass all positions equal to the maximum get the gradient, as in TensorKernels::max.
  virtual void segment_max(const SequenceLayout&, View<const T> x, View<T> y) = 0;
  virtual void segment_max_backward(const SequenceLayout&, View<const T> x, View<const T> y,
                                    View<const T> d_y, View<T> d_x) = 0;
  /// y [sequences, features] = sum over the rows of each sequence, or their mean if `mean`.
  virtual void segment_sum(const SequenceLayout&, bool mean, View<const T> x, View<T> y) = 0;
  virtual void segment_sum_backward(const SequenceLayout&, bool mean, View<const T> d_y, View<T> d_x) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
