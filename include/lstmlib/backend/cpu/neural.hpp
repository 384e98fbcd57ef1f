// SPDX-License-Identifier: MIT
#pragma once
// Embedding, dropout, losses, windows over text, convolution and pooling on the CPU.

#include "lstmlib/backend/cpu/math.hpp"
#include "lstmlib/backend/kernels/neural.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace lstmlib::cpu {

template <Real T>
class Neural final : public NeuralKernels<T> {
 public:
  void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore, View<T> rows) override {
    const Index width = table.shape.row_size();
    for (Index i = 0; i < ids.size(); ++i) {
      T* to = rows.data + i * width;
      if (ids.data[i] == ignore) std::fill_n(to, width, T(0));
      else std::copy_n(table.data + checked("embedding: id ", ids.data[i], table.shape[0]) * width, width, to);
    }
  }
  Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                       View<std::int32_t> distinct, View<T> sums) override {
    const Index width = rows.shape.row_size();
    std::vector<Index> order;
    order.reserve(static_cast<std::size_t>(ids.size()));
    for (Index i = 0; i < ids.size(); ++i)
      if (ids.data[i] != ignore) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return ids.data[a] < ids.data[b]; });
    Index count = 0;
    for (const Index row : order) {
      const T* from = rows.data + row * width;
      if (count == 0 || distinct.data[count - 1] != ids.data[row]) {
        distinct.data[count] = ids.data[row];
        std::copy_n(from, width, sums.data + count++ * width);
      } else {
        add(from, width, sums.data + (count - 1) * width);
      }
    }
    return count;
  }
  void scatter_add_rows(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                        View<T> table) override {
    const Index width = table.shape.row_size();
    for (Index i = 0; table && i < ids.size(); ++i)
      if (ids.data[i] != ignore)
        add(rows.data + i * width, width,
            table.data + checked("embedding: id ", ids.data[i], table.shape[0]) * width);
  }

  void dropout(math::RandomKey key, double ratio, RowPlaces places, View<const T> x, View<T> y, Write how) override {
    if (!y) return;
    const auto scale = static_cast<T>(1 / (1 - ratio));
    const std::uint32_t threshold = math::dropout_threshold(ratio);
    const Index width = y.shape.row_size();
    const auto row = [&](Index at, std::uint64_t sentence, Index position) {
      for (Index first = 0; first < width; first += 4) {
        const auto words = math::dropout_words(key, sentence + places.first_sentence,
                                               static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(first / 4));
        for (Index i = first; i < std::min(first + 4, width); ++i) {
          const T value = words.word[i - first] >= threshold ? x.data[at * width + i] * scale : T(0);
          write(how, y.data[at * width + i], value);
        }
      }
    };
    if (!places.segments)
      for (Index at = 0; at < y.shape.rows(); ++at) row(at, static_cast<std::uint64_t>(at), 0);
    else
      for (Index s = 0; s < places.segments->count(); ++s)
        for (Index i = 0; i < places.segments->length(s); ++i)
          row(places.segments->first(s) + i, static_cast<std::uint64_t>(s), i);
  }

  Index cross_entropy(const CrossEntropyProblem<T>& p, View<const T> scores, View<T> log_probabilities,
                      View<T> losses) override {
    Math<T>().softmax(p.axis, true, scores, log_probabilities);
    Index counted = 0;
    each_label(p, [&](Index at, Index label, Index element) {
      losses.data[at] = T(0);
      if (label == p.ignore_label) return;
      checked("softmax_cross_entropy: label ", label, p.axis.size);
      ++counted;
      losses.data[at] = -weight(p, label) * log_probabilities.data[element + label * p.axis.inner];
    });
    return counted;
  }
  void cross_entropy_backward(const CrossEntropyProblem<T>& p, View<const T> log_probabilities,
                              View<const T> d_losses, T factor, View<T> d_scores) override {
    if (!d_scores) return;
    each_label(p, [&](Index at, Index label, Index element) {
      if (label == p.ignore_label) return;
      const T d = weight(p, label) * factor * d_losses.data[d_losses.size() == 1 ? 0 : at];
      for (Index c = 0; c < p.axis.size; ++c) {
        const Index i = element + c * p.axis.inner;
        d_scores.data[i] += d * (std::exp(log_probabilities.data[i]) - (c == label ? T(1) : T(0)));
      }
    });
  }
  Counts count_correct(View<const T> scores, View<const std::int32_t> labels, std::int32_t ignore) override {
    Counts counts;
    const Index classes = scores.shape.row_size();
    for (Index row = 0; row < labels.size(); ++row) {
      if (labels.data[row] == ignore) continue;
      const T* first = scores.data + row * classes;
      counts.correct += std::max_element(first, first + classes) - first == labels.data[row];
      ++counts.counted;
    }
    return counts;
  }

  void unfold_time(const Segments& segments, Index window, View<const T> x, View<T> columns) override {
    const Index features = x.shape.row_size();
    std::fill_n(columns.data, columns.size(), T(0));
    each_window(segments, window, [&](Index at, Index offset, Index row) {
      for (Index f = 0; f < features; ++f)
        columns.data[(at * features + f) * window + offset] = x.data[row * features + f];
    });
  }
  void unfold_time_backward(const Segments& segments, Index window, View<const T> d_columns, View<T> d_x) override {
    if (!d_x) return;
    const Index features = d_x.shape.row_size();
    each_window(segments, window, [&](Index at, Index offset, Index row) {
      for (Index f = 0; f < features; ++f)
        d_x.data[row * features + f] += d_columns.data[(at * features + f) * window + offset];
    });
  }
  void unfold_image(const Convolution2d& c, View<const T> image, View<T> columns) override {
    std::fill_n(columns.data, columns.size(), T(0));
    each_pixel(c, [&](Index column, Index pixel) { columns.data[column] = image.data[pixel]; });
  }
  void unfold_image_backward(const Convolution2d& c, View<const T> d_columns, View<T> d_image) override {
    if (d_image) each_pixel(c, [&](Index column, Index pixel) { d_image.data[pixel] += d_columns.data[column]; });
  }

  void segment_max(const Segments& segments, View<const T> x, View<T> y) override {
    const Index width = x.shape.row_size();
    std::fill_n(y.data, y.size(), -std::numeric_limits<T>::infinity());
    each_row(segments, [&](Index s, Index row) {
      for (Index i = 0; i < width; ++i) y.data[s * width + i] = std::max(y.data[s * width + i], x.data[row * width + i]);
    });
  }
  void segment_max_backward(const Segments& segments, View<const T> x, View<const T> y, View<const T> d_y,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index width = x.shape.row_size();
    each_row(segments, [&](Index s, Index row) {
      for (Index i = 0; i < width; ++i)
        if (x.data[row * width + i] == y.data[s * width + i]) d_x.data[row * width + i] += d_y.data[s * width + i];
    });
  }
  void segment_sum(const Segments& segments, bool mean, View<const T> x, View<T> y) override {
    const Index width = x.shape.row_size();
    std::fill_n(y.data, y.size(), T(0));
    each_row(segments, [&](Index s, Index row) { add(x.data + row * width, width, y.data + s * width); });
    for (Index s = 0; mean && s < segments.count(); ++s)
      for (Index i = 0; i < width; ++i) y.data[s * width + i] /= static_cast<T>(segments.length(s));
  }
  void segment_sum_backward(const Segments& segments, bool mean, View<const T> d_y, View<T> d_x) override {
    if (!d_x) return;
    const Index width = d_x.shape.row_size();
    each_row(segments, [&](Index s, Index row) {
      const T divisor = mean ? static_cast<T>(segments.length(s)) : T(1);
      for (Index i = 0; i < width; ++i) d_x.data[row * width + i] += d_y.data[s * width + i] / divisor;
    });
  }

 private:
  static Index checked(const char* what, Index number, Index size) {
    if (number < 0 || number >= size) fail<ShapeError>(what, number, ", expected 0 to ", size - 1);
    return number;
  }
  static void add(const T* from, Index count, T* to) {
    for (Index i = 0; i < count; ++i) to[i] += from[i];
  }
  static T weight(const CrossEntropyProblem<T>& p, Index label) {
    return p.class_weights ? p.class_weights.data[label] : T(1);
  }
  /// Calls `use(place of the label, label, place of its first score)`.
  template <class Use>
  static void each_label(const CrossEntropyProblem<T>& p, Use use) {
    for (Index outer = 0; outer < p.axis.outer; ++outer)
      for (Index inner = 0; inner < p.axis.inner; ++inner) {
        const Index at = outer * p.axis.inner + inner;
        use(at, Index{p.labels.data[at]}, outer * p.axis.size * p.axis.inner + inner);
      }
  }
  /// Calls `use(window, offset within it, row of x)` where a window meets a row of its sequence.
  template <class Use>
  static void each_window(const Segments& segments, Index window, Use use) {
    Index at = 0;
    for (Index s = 0; s < segments.count(); ++s)
      for (Index start = 1 - window; start < segments.length(s); ++start, ++at)
        for (Index offset = std::max<Index>(0, -start); offset < std::min(window, segments.length(s) - start); ++offset)
          use(at, offset, segments.first(s) + start + offset);
  }
  /// Calls `use(place in columns, place in the image)` where a kernel position lies within the image.
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
  template <class Use>
  static void each_row(const Segments& segments, Use use) {
    for (Index s = 0; s < segments.count(); ++s)
      for (Index i = 0; i < segments.length(s); ++i) use(s, segments.first(s) + i);
  }
};

}  // namespace lstmlib::cpu
