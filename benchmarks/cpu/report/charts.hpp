// SPDX-License-Identifier: MIT
#pragma once
// Time per step against each size, with the limit of the machine, and the roofline of bare layers.

#include "../workload.hpp"
#include "results.hpp"

#include "lstmlib/plot/chart.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace report {

namespace plot = lstmlib::plot;

struct DrawnChart {
  std::string title, file;
};

namespace detail {

/// The least seconds of a step of training: the products of the LSTM at the peak of multiply-adds, and Adam's
/// pass over values and both moments at the rate of the memory that holds them.
inline double least_step_seconds(const Results& results, const workload::StepSizes& sizes, int threads) {
  double rows = 0;
  for (const auto& sentence : workload::made_sentences(static_cast<std::size_t>(sizes.batch),
                                                       static_cast<std::size_t>(sizes.length), sizes.words))
    rows += static_cast<double>(sentence.words.size());
  const double h = sizes.hidden,
               product = 8 * h * h;  // operations of one row with [4 hidden, hidden] weights
  const double operations =
      product * (6 * rows - 3 * sizes.batch);  // the first step has no state to multiply
  const double parameters = h * sizes.words + 8 * h * h;
  const double cache = results.notes.front().at("machine").at("last_cache_bytes");
  const char* level =
      parameters * 12 < cache ? "read and write, 8 MB a thread" : "read and write, 192 MB a thread";
  return operations / (results.fma_peak(threads) * 1e9) +
         parameters * 24 / (results.limit("memory", level, threads) * 1e9);
}

/// A line for each variant that has points; `x` of a comparison is NaN if it has none.
class Lines {
 public:
  void add(const std::string& name, double x, double y) {
    for (auto& series : lines_)
      if (series.name == name) return static_cast<void>((series.x.push_back(x), series.y.push_back(y)));
    lines_.push_back({name, {x}, {y}});
  }
  std::vector<plot::Series> take() { return std::move(lines_); }

 private:
  std::vector<plot::Series> lines_;
};

inline std::string label_of(const Variant& v) { return v.side + ", " + v.name; }

inline plot::Chart sweep_chart(const Results& results, const workload::Sweep& sweep, int threads) {
  Lines lines;
  for (const std::int32_t value : sweep.values) {
    const Comparison* c =
        results.find("scaling", std::string("scaling/") + sweep.name + "/" + std::to_string(value), threads);
    if (!c) continue;
    for (const Variant& v : c->variants) lines.add(label_of(v), value, v.spread().median);
    workload::StepSizes sizes;
    sizes.*sweep.size = value;
    lines.add("limit of the machine", value, least_step_seconds(results, sizes, threads) * 1e3);
  }
  const std::map<std::string, std::string> labels{{"hidden", "hidden units"},
                                                  {"batch", "sentences in a batch"},
                                                  {"length", "words in each sentence"},
                                                  {"words", "words in the vocabulary"}};
  return {.title = "A step of training, " + std::to_string(threads) + " threads",
          .x_label = labels.at(sweep.name),
          .y_label = "ms",
          .series = lines.take(),
          .x_log = true,
          .y_log = true};
}

inline plot::Chart thread_chart(const Results& results) {
  Lines lines;
  for (const Comparison& c : results.comparisons) {
    if (c.name != "train/shuffled" || c.part != "train") continue;
    for (const Variant& v : c.variants) lines.add(label_of(v), c.threads, v.spread().median);
  }
  auto series = lines.take();
  for (auto& one : series)
    if (one.x.size() == 2 && one.x[0] > one.x[1])
      std::swap(one.x[0], one.x[1]), std::swap(one.y[0], one.y[1]);
  return {.title = "Training, batches of 64",
          .x_label = "threads",
          .y_label = "sentences/s",
          .series = std::move(series),
          .y_from_zero = true};
}

/// Operations a second of bare layers against operations per byte of recurrent weights that each step reads
/// again.
inline plot::Chart roofline_chart(const Results& results, int threads) {
  constexpr double lowest = 0.5, highest = 256;
  Lines lines;
  const double peak = results.fma_peak(threads);
  for (const auto& [level, name] :
       {std::pair{"read, 256 KB a thread", "second cache"}, std::pair{"read, 4 MB a thread", "last cache"},
        std::pair{"read, 192 MB a thread", "memory"}}) {
    const double bytes = results.limit("memory", level, threads);
    if (bytes <= 0 || peak <= 0) continue;
    lines.add(std::string("roof: ") + name, lowest, bytes * lowest);
    lines.add(std::string("roof: ") + name, peak / bytes, peak);
    lines.add(std::string("roof: ") + name, highest, peak);
  }
  bool any_layer = false;
  for (const bool quick : {false, true})
    for (const auto& sizes : workload::layer_sizes(quick)) {
      const Comparison* c = results.find("layer", "layer/forward/equal lengths/" + sizes.name(), threads);
      if (!c) continue;
      any_layer = true;
      const double h = sizes.hidden, operations = 16 * h * h * sizes.steps * sizes.batch;
      for (const auto& side : c->sides()) {
        const Variant* v = c->best(side);
        const double gap = std::numeric_limits<double>::quiet_NaN();  // points, not a line
        lines.add(side, sizes.batch, operations / v->spread().median * 1e-6);
        lines.add(side, gap, gap);
      }
    }
  return {.title = "Bare LSTM layers, forward, " + std::to_string(threads) + " threads",
          .x_label = "operations per byte of recurrent weights read (= sequences in the batch)",
          .y_label = "GFLOP/s",
          .series = any_layer ? lines.take() : std::vector<plot::Series>(),
          .x_log = true,
          .y_log = true};
}

}  // namespace detail

/// Writes PNG files into the folder, those for which there are results.
inline std::vector<DrawnChart> draw_charts(const Results& results, const std::filesystem::path& folder) {
  std::vector<DrawnChart> drawn;
  const auto write = [&](const plot::Chart& chart, const std::string& file) {
    const auto is_line = [](const plot::Series& series) { return series.x.size() > 1; };
    if (std::none_of(chart.series.begin(), chart.series.end(), is_line)) return;  // one point shows nothing
    plot::write_png(folder / file, chart);
    drawn.push_back({chart.title + ": " + chart.x_label, file});
  };
  const int threads = results.max_threads();
  const bool quick = results.notes.front().at("quick");
  for (const auto& sweep : workload::sweeps(quick))
    write(detail::sweep_chart(results, sweep, threads), std::string("step_") + sweep.name + ".png");
  write(detail::thread_chart(results), "threads.png");
  write(detail::roofline_chart(results, threads), "roofline.png");
  return drawn;
}

}  // namespace report
