// SPDX-License-Identifier: MIT
#pragma once
// Embedding, dropout, losses, windows over text, convolution and pooling on the CPU.

#include "lstmlib/backend/cpu/tensor.hpp"
#include "lstmlib/backend/cpu/rows.hpp"

#include <algorithm>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

template <Real T>
class CpuNnKernels final : public NnKernels<T> {
 public:
  void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore,
                   const RowDropout& dropout, View<T> rows) override {
    cpu::gather_rows(table, ids, ignore, dropout, rows);
  }
  Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                       const RowDropout& dropout, View<std::int32_t> distinct, View<T> sums) override {
    return cpu::sum_rows_by_id(rows, ids, ignore, dropout, distinct, sums);
  }
  void scatter_add_rows(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                        View<T> table) override {
    const Index width = table.shape.row_size();
    for (Index i = 0; table && i < ids.size(); ++i)
      if (ids.data[i] != ignore && ids.data[i] >= 0)
        add(rows.data + i * width, width,
            table.data + checked("embedding: id ", ids.data[i], table.shape[0]) * width);
  }

  void dropout(const RowDropout& dropout, View<const T> x, View<T> y, OutputMode how) override {
    if (!y) return;
    const Index width = y.shape.row_size();
    const RowMask<T> mask(dropout, width);
    each_row(dropout.places, y.shape.rows(), 2 * width, [&](Index row, Index sentence, Index position) {
      mask.apply(sentence, position, x.data + row * width, y.data + row * width, how);
    });
  }

  void cross_entropy(const CrossEntropyProblem<T>& p, bool normalize, View<const T> scores,
                     const CrossEntropyResult<T>& result) override {
    const View<T> log_probabilities = result.log_probabilities, losses = result.losses;
    CpuTensorKernels<T>().softmax(p.axis, true, scores, log_probabilities);
    Index counted = 0;
    each_label(p, [&](Index at, Index label, Index element) {
      losses.data[at] = T(0);
      if (label == p.ignore_label) return;
      checked("softmax_cross_entropy: label ", label, p.axis.size);
      ++counted;
      losses.data[at] = -weight(p, label) * log_probabilities.data[element + label * p.axis.inner];
    });
    const T factor = T(1) / static_cast<T>(std::max<Index>(1, normalize ? counted : p.axis.outer));
    if (result.factor) *result.factor.data = factor;
    if (!result.total) return;
    T total = 0;
    for (Index i = 0; i < losses.size(); ++i) total += factor * losses.data[i];
    *result.total.data = total;
  }
  void cross_entropy_backward(const CrossEntropyProblem<T>& p, View<const T> log_probabilities,
                              View<const T> d_losses, View<const T> factor, View<T> d_scores) override {
    if (!d_scores) return;
    const T scale = factor ? *factor.data : T(1);
    each_label(p, [&](Index at, Index label, Index element) {
      if (label == p.ignore_label) return;
      const T d = weight(p, label) * scale * d_losses.data[d_losses.size() == 1 ? 0 : at];
      for (Index c = 0; c < p.axis.size; ++c) {
        const Index i = element + c * p.axis.inner;
        d_scores.data[i] += d * (std::exp(log_probabilities.data[i]) - (c == label ? T(1) : T(0)));
      }
    });
  }
  void count_correct(View<const T> scores, View<const std::int32_t> labels, std::int32_t ignore,
                     View<std::int32_t> counts) override {
    std::int32_t correct = 0, counted = 0;
    const Index classes = scores.shape.row_size();
    for (Index row = 0; row < labels.size(); ++row) {
      if (labels.data[row] == ignore) continue;
      const Index label = checked("accuracy: label ", labels.data[row], classes);
      const T* first = scores.data + row * classes;
      const bool comparable = std::none_of(first, first + classes, [](T score) { return score != score; });
      correct += comparable && std::max_element(first, first + classes) - first == label;
      ++counted;
    }
    counts.data[0] = correct;
    counts.data[1] = counted;
  }

  void unfold_time(const SequenceLayout& layout, Index window, View<const T> x, View<T> columns) override {
    const Index features = x.shape.row_size();
    each_sequence(layout, window * features, [&](Index s, Index, Index) {
      const Index first = first_window(layout, window, s), last = first_window(layout, window, s + 1);
      std::fill(columns.data + first * features * window, columns.data + last * features * window, T(0));
      each_window(layout, window, s, [&](Index at, Index offset, Index row) {
        for (Index f = 0; f < features; ++f)
          columns.data[(at * features + f) * window + offset] = x.data[row * features + f];
      });
    });
  }
  void unfold_time_backward(const SequenceLayout& layout, Index window, View<const T> d_columns,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index features = d_x.shape.row_size();
    each_sequence(layout, window * features, [&](Index s, Index, Index) {
      each_window(layout, window, s, [&](Index at, Index offset, Index row) {
        for (Index f = 0; f < features; ++f)
          d_x.data[row * features + f] += d_columns.data[(at * features + f) * window + offset];
      });
    });
  }
  void unfold_image(const Convolution2d& c, View<const T> image, View<T> columns) override {
    std::fill_n(columns.data, columns.size(), T(0));
    each_pixel(c, [&](Index column, Index pixel) { columns.data[column] = image.data[pixel]; });
  }
  void unfold_image_backward(const Convolution2d& c, View<const T> d_columns, View<T> d_image) override {
    if (d_image)
      each_pixel(c, [&](Index column, Index pixel) { d_image.data[pixel] += d_columns.data[column]; });
  }

  void segment_max(const SequenceLayout& layout, View<const T> x, View<T> y) override {
    const Index width = x.shape.row_size();
    each_sequence(layout, width, [&](Index s, Index first, Index length) {
      T* to = y.data + s * width;
      std::fill_n(to, width, -std::numeric_limits<T>::infinity());
      for (Index row = first; row < first + length; ++row)
        kernel_table<T>().maximum(x.data + row * width, width, to);
    });
  }
  void segment_max_backward(const SequenceLayout& layout, View<const T> x, View<const T> y, View<const T> d_y,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index width = x.shape.row_size();
    each_sequence(layout, width, [&](Index s, Index first, Index length) {
      for (Index row = first; row < first + length; ++row)
        for (Index i = 0; i < width; ++i)
          if (is_maximum(x.data[row * width + i], y.data[s * width + i]))
            d_x.data[row * width + i] += d_y.data[s * width + i];
    });
  }
  void segment_sum(const SequenceLayout& layout, bool mean, View<const T> x, View<T> y) override {
    const Index width = x.shape.row_size();
    each_sequence(layout, width, [&](Index s, Index first, Index length) {
      T* to = y.data + s * width;
      std::fill_n(to, width, T(0));
      for (Index row = first; row < first + length; ++row) add(x.data + row * width, width, to);
      for (Index i = 0; mean && i < width; ++i) to[i] /= static_cast<T>(length);
    });
  }
  void segment_sum_backward(const SequenceLayout& layout, bool mean, View<const T> d_y,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index width = d_x.shape.row_size();
    each_sequence(layout, width, [&](Index s, Index first, Index length) {
      const T factor = mean ? T(1) / static_cast<T>(length) : T(1);
      for (Index row = first; row < first + length; ++row)
        kernel_table<T>().add_scaled(factor, d_y.data + s * width, width, d_x.data + row * width);
    });
  }

 private:
  static void add(const T* from, Index count, T* to) { kernel_table<T>().add(from, count, to); }

  static T weight(const CrossEntropyProblem<T>& p, Index label) {
    return p.class_weights ? p.class_weights.data[label] : T(1);
  }
  /// Calls `use(index of the label, label, index of its first score)`.
  template <class Use>
  static void each_label(const CrossEntropyProblem<T>& p, Use use) {
    for (Index outer = 0; outer < p.axis.outer; ++outer)
      for (Index inner = 0; inner < p.axis.inner; ++inner) {
        const Index at = outer * p.axis.inner + inner;
        use(at, Index{p.labels.data[at]}, outer * p.axis.size * p.axis.inner + inner);
      }
  }
  /// Index of the first window of sequence s. Sequence s has length(s) + window - 1 windows.
  static Index first_window(const SequenceLayout& layout, Index window, Index s) {
    return layout.begin(s) + s * (window - 1);
  }
  /// Calls `use(window, offset in the window, row of x)` for each row of sequence s in each of its windows.
  template <class Use>
  static void each_window(const SequenceLayout& layout, Index window, Index s, Use use) {
    Index at = first_window(layout, window, s);
    for (Index start = 1 - window; start < layout.length(s); ++start, ++at)
      for (Index offset = std::max<Index>(0, -start); offset < std::min(window, layout.length(s) - start);
           ++offset)
        use(at, offset, layout.begin(s) + start + offset);
  }
  /// Calls `use(index in columns, index in the image)` for each kernel position inside the image.
  template <class Use>
  static void each_pixel(const Convolution2d& c, Use use) {
    for (Index oy = 0; oy < c.out_height(); ++oy)
      for (Index ox = 0; ox < c.out_width(); ++ox)
        for (Index channel = 0; channel < c.channels; ++channel)
          for (Index ky = 0; ky < c.kernel_height; ++ky)
            for (Index kx = 0; kx < c.kernel_width; ++kx) {
              const Index y = oy * c.stride_height + ky * c.dilate_height - c.pad_height;
              const Index x = ox * c.stride_width + kx * c.dilate_width - c.pad_width;
              if (y < 0 || y >= c.height || x < 0 || x >= c.width) continue;
              const Index column = ((oy * c.out_width() + ox) * c.channels + channel) * c.kernel_height + ky;
              use(column * c.kernel_width + kx, (channel * c.height + y) * c.width + x);
            }
  }
};

}  // namespace lstmlib::cpu
