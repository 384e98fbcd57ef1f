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

/// No id or label is ignored.
inline constexpr std::int32_t ignore_none = std::numeric_limits<std::int32_t>::min();

/// Which sentence and position the rows of a tensor belong to: all that a dropout mask may depend on.
struct RowPlaces {
  const SequenceLayout* layout = nullptr;  ///< null: row r is position 0 of sentence r
  std::uint64_t first_sentence = 0;        ///< place of the first sentence in the global batch
};

/// Which elements of rows dropout keeps, each divided by 1 - ratio.
struct RowDropout {
  math::RandomKey key;
  double ratio = 0;  ///< 0 to below 1; 0: all are kept
  RowPlaces places;
};

template <class T>
struct CrossEntropyProblem {
  AxisView axis;                    ///< classes
  View<const std::int32_t> labels;  ///< [outer, inner]
  View<const T> class_weights;      ///< [classes] or null
  std::int32_t ignore_label;
};

/// What a loss leaves behind. total and factor have one element.
template <class T>
struct CrossEntropyResult {
  View<T> log_probabilities;  ///< as scores
  View<T> losses;             ///< [outer, inner]: -weight log p[label], 0 where ignored
  View<T> total;              ///< their sum times the factor, or null
  View<T> factor;             ///< 1 / (labels that count, at least 1) if normalized, else 1 / outer; or null
};

/// Geometry of a 2-D convolution. Sizes and offsets along height and width.
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
  /// Row i = table row ids[i] with dropout, zeros where the id is `ignore`. Throws IndexError for an id
  /// outside the table.
  virtual void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore,
                           const RowDropout& dropout, View<T> rows) = 0;
  /// Sums the rows of equal ids, each with dropout: `distinct` gets the ids (rising, without `ignore`), row i
  /// of `sums` the sum of those of distinct[i]. Sums run in the order of the rows. Returns how many there
  /// are, or, where only the device knows, how many there may be: distinct then ends with -1. Both have room
  /// for all rows.
  virtual Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                               const RowDropout& dropout, View<std::int32_t> distinct, View<T> sums) = 0;
  /// table row ids[i] += row i; none where the id is negative
  virtual void scatter_add_rows(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                                View<T> table) = 0;

  /// y = or += x mask / (1 - ratio), rows of x and y as `places` says. The same key gives the same mask on
  /// every device.
  virtual void dropout(const RowDropout& dropout, View<const T> x, View<T> y, OutputMode) = 0;

  /// Throws IndexError for a label outside the classes.
  virtual void cross_entropy(const CrossEntropyProblem<T>&, bool normalize, View<const T> scores,
                             const CrossEntropyResult<T>&) = 0;
  /// d_scores += weight (p - one_hot(label)) times d_losses, which has one element (times `factor`, that of
  /// the result) or one per label (`factor` null).
  virtual void cross_entropy_backward(const CrossEntropyProblem<T>&, View<const T> log_probabilities,
                                      View<const T> d_losses, View<const T> factor, View<T> d_scores) = 0;
  /// counts [2] = rows of scores [rows, classes] whose first largest score is that of their label, and rows
  /// that count: ignored ones do not, and one with a NaN among its scores is never right. Throws IndexError
  /// for a label outside the classes.
  virtual void count_correct(View<const T> scores, View<const std::int32_t> labels, std::int32_t ignore,
                             View<std::int32_t> counts) = 0;

  /// Windows over time with window - 1 zero rows before and after each sequence: sequence s has length(s) +
  /// window - 1 of them, one after another. x [rows, features], columns [windows, features window],
  /// feature-major as the weights of a convolution [filters, features, window, 1].
  virtual void unfold_time(const SequenceLayout&, Index window, View<const T> x, View<T> columns) = 0;
  virtual void unfold_time_backward(const SequenceLayout&, Index window, View<const T> d_columns,
                                    View<T> d_x) = 0;
  /// columns [out_height out_width, channels kernel_height kernel_width] of one image [channels, height,
  /// width].
  virtual void unfold_image(const Convolution2d&, View<const T> image, View<T> columns) = 0;
  virtual void unfold_image_backward(const Convolution2d&, View<const T> d_columns, View<T> d_image) = 0;

  /// y [sequences, features] = largest over the rows of each sequence, NaN where one of them is; all
  /// positions that equal it get the gradient, as in TensorKernels::max.
  virtual void segment_max(const SequenceLayout&, View<const T> x, View<T> y) = 0;
  virtual void segment_max_backward(const SequenceLayout&, View<const T> x, View<const T> y,
                                    View<const T> d_y, View<T> d_x) = 0;
  /// y [sequences, features] = sum over the rows of each sequence, divided by their number if `mean`.
  virtual void segment_sum(const SequenceLayout&, bool mean, View<const T> x, View<T> y) = 0;
  virtual void segment_sum_backward(const SequenceLayout&, bool mean, View<const T> d_y, View<T> d_x) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
