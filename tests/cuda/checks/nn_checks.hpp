// SPDX-License-Identifier: MIT
#pragma once
// Embedding, dropout, cross entropy, windows, pooling and optimizers against plain loops.

#include "check.hpp"

#include <lstmlib/math/philox.hpp>

#include <map>
#include <numeric>

namespace checks {

template <class T>
class NnChecks {
 public:
  explicit NnChecks(Checks& checks) : c_(checks), k_(checks.backend.kernels<T>(0).nn) {}

  void run() {
    c_.attempt("embedding" + of_, [&] { embedding(); });
    c_.attempt("dropout" + of_, [&] { dropout(); });
    c_.attempt("cross entropy" + of_, [&] { cross_entropy(); });
    c_.attempt("windows" + of_, [&] { windows(); });
    c_.attempt("images" + of_, [&] { images(); });
    c_.attempt("pooling" + of_, [&] { pooling(); });
  }

 private:
  There<T> unset(std::size_t count, Shape shape) { return c_.there<T>(Numbers(count, NAN), shape); }
  There<T> ones(std::size_t count, Shape shape) { return c_.there<T>(Numbers(count, 1), shape); }

  void embedding() {
    const Index words = 50, width = 37, rows = 200;
    const std::int32_t ignore = 3;
    const Numbers table = numbers(words * width), d = numbers(rows * width);
    std::vector<std::int32_t> ids;
    for (Index i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * i * 7 % 46));
    Numbers gathered(d.size()), scattered = table;
    std::map<std::int32_t, Numbers> sums;
    for (Index i = 0; i < rows; ++i) {
      const std::int32_t id = ids[at(i)];
      if (id == ignore) continue;
      Numbers& sum = sums.try_emplace(id, Numbers(at(width))).first->second;
      for (Index j = 0; j < width; ++j) {
        gathered[at(i * width + j)] = table[at(id * width + j)];
        scattered[at(id * width + j)] += d[at(i * width + j)];
        sum[at(j)] += d[at(i * width + j)];
      }
    }
    const auto table_there = c_.there<T>(table, {words, width}), d_there = c_.there<T>(d, {rows, width}),
               result = unset(d.size(), {rows, width}), summed = unset(d.size(), {rows, width});
    const auto ids_there = c_.ids(ids, {rows}), distinct = c_.ids(ids, {rows});
    k_.gather_rows(table_there, ids_there, ignore, {}, result);
    c_.hold("gather_rows" + of_, result.values(), gathered, 0);
    k_.scatter_add_rows(d_there, ids_there, ignore, table_there);
    c_.hold("scatter_add_rows" + of_, table_there.values(), scattered, of_sums<T>);

    const Index most = k_.sum_rows_by_id(d_there, ids_there, ignore, {}, distinct, summed);
    auto found = distinct.values();
    found.resize(at(most));
    const auto all = summed.values();
    double error = found.size() >= sums.size() ? 0 : INFINITY;
    std::size_t place = 0;
    for (const auto& [id, sum] : sums) {
      if (place >= found.size() || found[place] != id) {
        error = INFINITY;
        break;
      }
      for (std::size_t j = 0; j < sum.size(); ++j)
        error = std::max(error, std::fabs(static_cast<double>(all[place * sum.size() + j]) - sum[j]));
      ++place;
    }
    for (; place < found.size(); ++place)
      if (found[place] >= 0) error = INFINITY;
    c_.hold("sum_rows_by_id" + of_, error, of_sums<T>);
  }

  void dropout() {
    const std::vector<Index> lengths{4, 1, 7};
    const SequenceLayout layout(lengths);
    const Index width = 10, rows = layout.rows();
    const math::RandomKey key{{5, 6}};
    const double ratio = 0.4;
    const Numbers x = numbers(rows * width);
    Numbers expected;
    for (Index s = 0; s < layout.sequences(); ++s)
      for (Index i = 0; i < layout.length(s); ++i)
        for (Index j = 0; j < width; ++j) {
          const auto words =
              math::dropout_words(key, static_cast<std::uint64_t>(s) + 9, static_cast<std::uint32_t>(i),
                                  static_cast<std::uint32_t>(j / 4));
          const bool kept = words.word[j % 4] >= math::dropout_threshold(ratio);
          expected.push_back(kept ? x[at((layout.begin(s) + i) * width + j)] / (1 - ratio) : 0);
        }
    const auto there = c_.there<T>(x, {rows, width}), result = unset(x.size(), {rows, width});
    const RowDropout dropout{key, ratio, {&layout, 9}};
    k_.dropout(dropout, there, result, OutputMode::overwrite);
    c_.hold("dropout" + of_, result.values(), expected, rounding<T>);

    // Of a table with a row for each word, and of gradients of words that all differ: the same numbers.
    std::vector<std::int32_t> ids(at(rows));
    std::iota(ids.begin(), ids.end(), 0);
    const auto ids_there = c_.ids(ids, {rows}), distinct = c_.ids(ids, {rows});
    const auto gathered = unset(x.size(), {rows, width}), summed = unset(x.size(), {rows, width});
    k_.gather_rows(there, ids_there, ignore_none, dropout, gathered);
    c_.hold("gather_rows with dropout" + of_, gathered.values(), expected, rounding<T>);
    k_.sum_rows_by_id(there, ids_there, ignore_none, dropout, distinct, summed);
    c_.hold("sum_rows_by_id with dropout" + of_, summed.values(), expected, rounding<T>);
  }

  void cross_entropy() {
    const Index rows = 75, classes = 70;
    const std::int32_t ignore = -1;
    const Numbers scores = numbers(rows * classes, 4), weights = numbers(classes, 0.5);
    std::vector<std::int32_t> labels;
    for (Index i = 0; i < rows; ++i)
      labels.push_back(i % 9 == 4 ? ignore : static_cast<std::int32_t>(i % classes));
    Numbers logs, losses, d_scores;
    double total = 0;
    Index counted = 0, correct = 0;
    for (const auto label : labels) counted += label != ignore;
    for (Index i = 0; i < rows; ++i) {
      double sum = 0;
      Index largest = 0;
      for (Index j = 0; j < classes; ++j) {
        sum += std::exp(scores[at(i * classes + j)]);
        if (scores[at(i * classes + j)] > scores[at(i * classes + largest)]) largest = j;
      }
      for (Index j = 0; j < classes; ++j) logs.push_back(scores[at(i * classes + j)] - std::log(sum));
      const auto label = labels[at(i)];
      const bool counts = label != ignore;
      correct += counts && largest == label;
      const double weight = counts ? weights[at(label)] : 0;
      losses.push_back(counts ? -weight * logs[at(i * classes + label)] : 0);
      total += losses.back() / static_cast<double>(counted);
      for (Index j = 0; j < classes; ++j)
        d_scores.push_back(1 + 0.7 / static_cast<double>(counted) * weight *
                                   (std::exp(logs[at(i * classes + j)]) - (counts && j == label)));
    }
    const Shape shape{rows, classes};
    const auto scores_there = c_.there<T>(scores, shape), weights_there = c_.there<T>(weights, {classes}),
               logs_there = unset(scores.size(), shape), losses_there = unset(at(rows), {rows}),
               total_there = unset(1, {1}), factor = unset(1, {1}), d_loss = c_.there<T>(Numbers{0.7}, {1}),
               d_there = ones(scores.size(), shape);
    const auto labels_there = c_.ids(labels, {rows}), counts = c_.ids({7, 7}, {2});
    const CrossEntropyProblem<T> problem{AxisView(shape, 1), labels_there, weights_there, ignore};
    k_.cross_entropy(problem, true, scores_there, {logs_there, losses_there, total_there, factor});
    c_.hold("cross entropy, log probabilities" + of_, logs_there.values(), logs, of_sums<T>);
    c_.hold("cross entropy, losses" + of_, losses_there.values(), losses, of_sums<T>);
    c_.hold("cross entropy, mean" + of_, total_there.values(), {total}, of_sums<T>);
    k_.cross_entropy_backward(problem, logs_there, d_loss, factor, d_there);
    c_.hold("cross entropy backward" + of_, d_there.values(), d_scores, of_sums<T>);
    k_.count_correct(scores_there, labels_there, ignore, counts);
    c_.hold("count_correct" + of_, counts.values(),
            {static_cast<double>(correct), static_cast<double>(counted)}, 0);
  }

  void windows() {
    const std::vector<Index> lengths{5, 1, 9};
    const SequenceLayout layout(lengths);
    const Index window = 3, features = 6, rows = layout.rows(),
                count = rows + layout.sequences() * (window - 1), width = features * window;
    const Numbers x = numbers(rows * features), d = numbers(count * width);
    Numbers columns(d.size()), d_x(x.size(), 1);
    Index first = 0;
    for (Index s = 0; s < layout.sequences(); ++s) {
      for (Index w = 0; w < layout.length(s) + window - 1; ++w)
        for (Index k = 0; k < window; ++k) {
          const Index step = w + k - (window - 1);
          if (step < 0 || step >= layout.length(s)) continue;
          for (Index f = 0; f < features; ++f) {
            const std::size_t from = at((layout.begin(s) + step) * features + f),
                              to = at((first + w) * width + f * window + k);
            columns[to] = x[from];
            d_x[from] += d[to];
          }
        }
      first += layout.length(s) + window - 1;
    }
    const auto there = c_.there<T>(x, {rows, features}), result = unset(d.size(), {count, width}),
               d_there = c_.there<T>(d, {count, width}), d_result = ones(x.size(), {rows, features});
    k_.unfold_time(layout, window, there, result);
    c_.hold("unfold_time" + of_, result.values(), columns, 0);
    k_.unfold_time_backward(layout, window, d_there, d_result);
    c_.hold("unfold_time backward" + of_, d_result.values(), d_x, of_sums<T>);
  }

  void images() {
    const Convolution2d g{.channels = 3,
                          .height = 9,
                          .width = 7,
                          .kernel_height = 3,
                          .kernel_width = 2,
                          .stride_height = 2,
                          .pad_height = 1,
                          .pad_width = 1,
                          .dilate_width = 2};
    const Index places = g.out_height() * g.out_width();
    const Shape image{g.channels, g.height, g.width}, shape{places, g.column_size()};
    const Numbers x = numbers(image.elements()), d = numbers(shape.elements());
    Numbers columns(d.size()), d_x(x.size(), 1);
    for (Index oy = 0; oy < g.out_height(); ++oy)
      for (Index ox = 0; ox < g.out_width(); ++ox)
        for (Index c = 0; c < g.channels; ++c)
          for (Index ky = 0; ky < g.kernel_height; ++ky)
            for (Index kx = 0; kx < g.kernel_width; ++kx) {
              const Index y = oy * g.stride_height + ky * g.dilate_height - g.pad_height,
                          column = ox * g.stride_width + kx * g.dilate_width - g.pad_width;
              if (y < 0 || y >= g.height || column < 0 || column >= g.width) continue;
              const std::size_t from = at((c * g.height + y) * g.width + column),
                                to = at((oy * g.out_width() + ox) * g.column_size() +
                                        (c * g.kernel_height + ky) * g.kernel_width + kx);
              columns[to] = x[from];
              d_x[from] += d[to];
            }
    const auto there = c_.there<T>(x, image), result = unset(d.size(), shape),
               d_there = c_.there<T>(d, shape), d_result = ones(x.size(), image);
    k_.unfold_image(g, there, result);
    c_.hold("unfold_image" + of_, result.values(), columns, 0);
    k_.unfold_image_backward(g, d_there, d_result);
    c_.hold("unfold_image backward" + of_, d_result.values(), d_x, of_sums<T>);
  }

  void pooling() {
    const std::vector<Index> lengths{50, 1, 9};
    const SequenceLayout layout(lengths);
    const Index features = 33, rows = layout.rows();
    const Numbers x = numbers(rows * features), d = numbers(layout.sequences() * features);
    Numbers most(d.size(), -INFINITY), mean(d.size()), d_most, d_mean;
    const auto each = [&](auto work) {
      for (Index s = 0; s < layout.sequences(); ++s)
        for (Index row = layout.begin(s); row < layout.begin(s) + layout.length(s); ++row)
          for (Index f = 0; f < features; ++f)
            work(at(row * features + f), at(s * features + f), static_cast<double>(layout.length(s)));
    };
    each([&](std::size_t from, std::size_t to, double length) {
      most[to] = std::max(most[to], x[from]);
      mean[to] += x[from] / length;
    });
    each([&](std::size_t from, std::size_t to, double length) {
      d_most.push_back(1 + (x[from] == most[to] ? d[to] : 0));
      d_mean.push_back(1 + d[to] / length);
    });
    const Shape shape{rows, features}, pooled{layout.sequences(), features};
    const auto there = c_.there<T>(x, shape), result = unset(d.size(), pooled),
               d_there = c_.there<T>(d, pooled), first = ones(x.size(), shape),
               second = ones(x.size(), shape);
    k_.segment_max(layout, there, result);
    c_.hold("segment_max" + of_, result.values(), most, 0);
    k_.segment_max_backward(layout, there, result, d_there, first);
    c_.hold("segment_max backward" + of_, first.values(), d_most, rounding<T>);
    k_.segment_sum(layout, true, there, result);
    c_.hold("segment_sum" + of_, result.values(), mean, of_sums<T>);
    k_.segment_sum_backward(layout, true, d_there, second);
    c_.hold("segment_sum backward" + of_, second.values(), d_mean, rounding<T>);
  }

  Checks& c_;
  NnKernels<T>& k_;
  std::string of_ = type_name<T>();
};

}  // namespace checks
