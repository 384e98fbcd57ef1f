// SPDX-License-Identifier: MIT
#pragma once
// A chart of observed values, redrawn during the run. Needs Cairo: link with lstmlib::plot.

#include "lstmlib/plot/chart.hpp"
#include "lstmlib/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace lstmlib::inline LSTMLIB_ABI::train {

struct PlotReportOptions {
  std::vector<std::string> keys = {};        ///< one line per key, such as "main/loss"
  std::vector<std::string> names = {};  ///< of the lines, in the legend; the key where a name is missing
  std::string file_name = "plot.png";   ///< in the trainer's folder
  std::string title = "";
  bool by_epoch = true;      ///< x axis in epochs, else in iterations
  Trigger draw = epochs(1);  ///< when a point is added
  /// Marks the point with the maximum of this (the first of equal ones): "validation/main/accuracy".
  std::string mark_max_of = "";
};

/// Each point is the mean since the previous point. Saved like Chainer's PlotReport, plus the current means and
/// the values of `mark_max_of`.
class PlotReport {
 public:
  explicit PlotReport(PlotReportOptions o) : options_(std::move(o)) {
    for (const auto& key : options_.keys) series_.push_back({key, {}, {}});
    const auto& marked = options_.mark_max_of;
    if (!marked.empty() &&
        std::find(options_.keys.begin(), options_.keys.end(), marked) == options_.keys.end())
      series_.push_back({marked, {}, {}});
  }

  /// Draws earlier points, because a resumed run may have a new folder.
  void initialize(Trainer& trainer) {
    const auto drawn = [](const plot::Series& series) { return !series.x.empty(); };
    if (std::any_of(series_.begin(), series_.end(), drawn)) draw(trainer);
  }
  void operator()(Trainer& trainer) {
    for (const auto& series : series_)
      if (const auto value = trainer.observation().find(series.name)) summary_.add(series.name, *value);
    if (!options_.draw(trainer.status())) return;
    const auto means = summary_.means();
    const auto x = static_cast<double>(options_.by_epoch ? trainer.epoch() : trainer.iteration());
    for (auto& series : series_)
      if (const auto mean = means.find(series.name)) {
        series.x.push_back(x);
        series.y.push_back(*mean);
      }
    summary_.clear();
    draw(trainer);
  }

  void serialize(io::Serializer& serializer) {
    serializer.child("_trigger", options_.draw);
    serializer.child("_summary", summary_);
    std::string text = points().dump();
    serializer.value("_plot_" + options_.file_name, text);
    if (serializer.loading()) set_points(nlohmann::ordered_json::parse(text, nullptr, false));
  }

  std::string name = "PlotReport";

 private:
  void draw(const Trainer& trainer) const {
    if (!trainer.is_main_process()) return;
    const std::string unit = options_.by_epoch ? "epoch" : "iteration";
    plot::Chart chart{.title = options_.title, .x_label = unit};
    for (std::size_t i = 0; i < options_.keys.size(); ++i) {
      chart.series.push_back(series_[i]);
      if (i < options_.names.size()) chart.series[i].name = options_.names[i];
    }
    if (const auto best = best_point())
      chart.marks.push_back({*best, message("best ", unit, ": ", static_cast<Index>(*best))});
    plot::write_png(trainer.folder() / options_.file_name, chart);
  }
  /// The x of the point to mark, if there is one.
  std::optional<double> best_point() const {
    std::optional<double> x;
    double max = 0;
    for (const auto& series : series_)
      if (!options_.mark_max_of.empty() && series.name == options_.mark_max_of)
        for (std::size_t i = 0; i < series.x.size(); ++i)
          if (!std::isnan(series.y[i]) && (!x || series.y[i] > max)) {
            x = series.x[i];
            max = series.y[i];
          }
    return x;
  }
  /// Format: {"main/loss": [[1, 0.69], [2, 0.65]]}.
  nlohmann::ordered_json points() const {
    auto result = nlohmann::ordered_json::object();
    for (const auto& series : series_) {
      auto& list = result[series.name] = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < series.x.size(); ++i)
        list.push_back({static_cast<Index>(series.x[i]), series.y[i]});
    }
    return result;
  }
  /// Lines that the file lacks start empty. JSON null stands for a value that is not finite.
  void set_points(const nlohmann::ordered_json& saved) {
    const auto check = [](bool fits) {
      if (!fits) fail<FormatError>("PlotReport: the saved points are not a JSON object of lists of pairs");
    };
    check(saved.is_object());
    for (auto& series : series_) {
      series.x.clear();
      series.y.clear();
      if (!saved.contains(series.name)) continue;
      const auto& list = saved.at(series.name);
      check(list.is_array());
      for (const auto& point : list) {
        check(point.is_array() && point.size() == 2 && point[0].is_number() &&
              std::abs(point[0].get<double>()) < 1e15 && (point[1].is_number() || point[1].is_null()));
        series.x.push_back(point[0].get<double>());
        series.y.push_back(point[1].is_null() ? std::numeric_limits<double>::quiet_NaN()
                                              : point[1].get<double>());
      }
    }
  }

  PlotReportOptions options_;
  Summary summary_;                   // since the last point
  std::vector<plot::Series> series_;  // of the keys, then of what only `mark_max_of` names
};

inline Extension plot_report(PlotReportOptions options) { return PlotReport(std::move(options)); }

}  // namespace lstmlib::train
