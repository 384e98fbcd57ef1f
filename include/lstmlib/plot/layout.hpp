// SPDX-License-Identifier: MIT
#pragma once
// The layout of a chart: margins as wide as their texts, as many ticks as fit, and a legend that hides no
// data if possible.

#include "lstmlib/base/error.hpp"
#include "lstmlib/plot/axis.hpp"
#include "lstmlib/plot/canvas.hpp"
#include "lstmlib/plot/series.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot::detail {

inline constexpr Font title_font{14.5, true};
inline constexpr Font axis_font{12.5};
inline constexpr Font tick_font{11};
inline constexpr Font legend_font{11.5};

inline constexpr double page_margin = 12;
inline constexpr double tick_length = 4;
inline constexpr double tick_gap = 5;  // between a tick and its label
inline constexpr double legend_padding = 8;
inline constexpr double legend_row = 19;
inline constexpr double legend_sample = 26;  // length of the line sample next to a name
inline constexpr double legend_gap = 8;

/// One entry of the legend: a series, a mark, or "more" for those that do not fit.
struct LegendEntry {
  enum class Kind { series, mark, more } kind;
  std::size_t number;  ///< of the series or mark
  std::string name;
};

/// Consecutive points of one series on the page, without gaps.
using Run = std::vector<Point>;

/// Whether the line segment between two points meets the box.
inline bool crosses(Point from, Point to, const Box& box) {
  double enter = 0, leave = 1;  // the part of the segment inside all edges so far
  const auto cut = [&](double start, double change, double low, double high) {
    if (change == 0) return low <= start && start <= high;
    const auto [first, second] = std::minmax({(low - start) / change, (high - start) / change});
    enter = (std::max)(enter, first);
    leave = (std::min)(leave, second);
    return true;
  };
  return cut(from.x, to.x - from.x, box.left, box.right) && cut(from.y, to.y - from.y, box.top, box.bottom) &&
         enter <= leave;
}

class Layout {
 public:
  /// Throws ShapeError if a series has different numbers of x and y values.
  Layout(const Chart& chart, Size page, Canvas& canvas)
      : x(drawable(chart, true), {.logarithmic = chart.x_log}),
        y(drawable(chart, false), {.logarithmic = chart.y_log, .from_zero = chart.y_from_zero}) {
    title = canvas.fitted_text(chart.title, title_font, page.width - 2 * page_margin);
    place_vertically(chart, page, canvas);
    const Span beside_plot{plot.top, page.height - page_margin};
    y_label = canvas.fitted_text(chart.y_label, axis_font, beside_plot.high - beside_plot.low);
    double widest = 0;
    for (const Tick& tick : y.ticks) widest = (std::max)(widest, canvas.label_width(tick.label, tick_font));
    plot.left = page_margin + (y_label.empty() ? 0 : axis_font.size + 10) + widest + tick_length + tick_gap;
    place_horizontally(page.width - page_margin, canvas);
    place_legend(chart, page, canvas);
    x_label =
        canvas.fitted_text(chart.x_label, axis_font,
                           plot.width() - 2 * canvas.label_width(x.multiplier, tick_font) - 2 * tick_gap);
    middle_of_title = centred({plot.left, plot.right}, {page_margin, page.width - page_margin},
                              canvas.text_width(title, title_font));
    middle_of_y_label = centred({plot.top, plot.bottom}, beside_plot, canvas.text_width(y_label, axis_font));
  }

  /// Position on the page of a point with drawable values.
  Point at(double x_value, double y_value) const {
    return {plot.left + x.position(x_value) * plot.width(),
            plot.bottom - y.position(y_value) * plot.height()};
  }

  /// A series on the page, split at its gaps.
  std::vector<Run> runs(const Chart& chart, const Series& series) const {
    std::vector<Run> result;
    bool joined = false;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const bool drawn = is_drawable(series.x[i], chart.x_log) && is_drawable(series.y[i], chart.y_log);
      if (drawn && !joined) result.emplace_back();
      if (drawn) result.back().push_back(at(series.x[i], series.y[i]));
      joined = drawn;
    }
    return result;
  }

  /// The line of a mark on the page; none if it cannot be drawn.
  std::optional<Box> line(const Chart& chart, const Mark& mark) const {
    if (x.empty() || !is_drawable(mark.x, chart.x_log)) return std::nullopt;
    const double at = plot.left + x.position(mark.x) * plot.width();
    return Box{at, plot.top, at, plot.bottom};
  }

  Box plot{};  ///< the area inside the axes
  Axis x, y;
  std::string title, x_label, y_label;  ///< shortened to fit
  double middle_of_title = 0, middle_of_y_label = 0;
  std::vector<LegendEntry> legend;  ///< empty if no series has a name
  Box legend_box{};
  bool legend_hides_data = false;  ///< there was no free place

 private:
  static std::vector<double> drawable(const Chart& chart, bool of_x) {
    std::vector<double> values;
    for (const Series& series : chart.series) {
      if (series.x.size() != series.y.size())
        fail<ShapeError>("plot: series '", io::printable(series.name), "' has ", series.x.size(), " x and ",
                         series.y.size(), " y");
      for (std::size_t i = 0; i < series.x.size(); ++i)
        if (is_drawable(series.x[i], chart.x_log) && is_drawable(series.y[i], chart.y_log))
          values.push_back(of_x ? series.x[i] : series.y[i]);
    }
    if (of_x && !values.empty())
      for (const Mark& mark : chart.marks)
        if (is_drawable(mark.x, chart.x_log)) values.push_back(mark.x);
    return values;
  }

  // The middle of a text that is centred on `axis`, shifted if the text would exceed `room`.
  struct Span {
    double low, high;
  };
  static double centred(Span axis, Span room, double width) {
    const double middle = (std::min)((axis.low + axis.high) / 2, room.high - width / 2);
    return (std::max)(middle, room.low + width / 2);
  }

  // Top, bottom and y ticks.
  void place_vertically(const Chart& chart, Size page, Canvas& canvas) {
    const double digits = canvas.digit_height(tick_font);
    const double below = tick_length + tick_gap + digits;
    double top = page_margin + (title.empty() ? 0 : canvas.digit_height(title_font) + 12);
    plot.bottom = page.height - page_margin - below - (chart.x_label.empty() ? 0 : axis_font.size + 10);
    const auto choose = [&] {
      plot.top = (std::min)(top, plot.bottom - 1);
      y.choose_ticks(std::clamp(static_cast<int>(plot.height() / 45), 2, 10));
    };
    choose();
    if (y.multiplier.text.empty()) return;
    top += digits + 8;
    choose();
  }

  // Right end and x ticks.
  void place_horizontally(double right, Canvas& canvas) {
    plot.right = (std::max)(right, plot.left + 1);
    for (int count = std::clamp(static_cast<int>(plot.width() / 55), 1, 12); count > 0; --count) {
      x.choose_ticks(count);
      double widest = 0, overhang = 0;
      for (const Tick& tick : x.ticks) {
        const double width = canvas.label_width(tick.label, tick_font);
        widest = (std::max)(widest, width);
        overhang = (std::max)(overhang, (tick.position - 1) * plot.width() + width / 2);
      }
      plot.right = (std::max)(right - overhang, plot.left + 1);
      if (static_cast<double>(x.ticks.size()) * (widest + 16) <= plot.width()) return;
    }
  }

  void place_legend(const Chart& chart, Size page, Canvas& canvas) {
    double widest = 0;
    const auto add = [&](LegendEntry::Kind kind, std::size_t number, const std::string& name) {
      std::string fitted = canvas.fitted_text(name, legend_font, page.width * 0.4);
      if (!fitted.empty()) legend.push_back({kind, number, std::move(fitted)});
    };
    for (std::size_t i = 0; i < chart.series.size(); ++i)
      add(LegendEntry::Kind::series, i, chart.series[i].name);
    for (std::size_t i = 0; i < chart.marks.size(); ++i)
      if (line(chart, chart.marks[i])) add(LegendEntry::Kind::mark, i, chart.marks[i].name);
    if (legend.empty()) return;
    const auto rows =
        static_cast<std::size_t>((std::max)((plot.height() - 2 * legend_padding) / legend_row, 1.0));
    if (legend.size() > rows) {
      const std::size_t left_out = legend.size() - rows + 1;
      legend.resize(rows);
      legend.back() = {LegendEntry::Kind::more, 0, message("and ", left_out, " more")};
    }
    for (const LegendEntry& entry : legend)
      widest = (std::max)(widest, canvas.text_width(entry.name, legend_font));
    const double width = 2 * legend_padding + legend_sample + legend_gap + widest;
    const double height = 2 * legend_padding + legend_row * static_cast<double>(legend.size());

    const std::size_t hidden = place_in_corner(chart, width, height);
    if (hidden == 0) return;
    const double legend_left = page.width - page_margin - width;
    if (legend_left - plot.left < page.width * 0.4) {
      legend_hides_data = true;
      return;
    }
    place_horizontally(legend_left - legend_padding, canvas);
    legend_box = {legend_left, plot.top, legend_left + width, plot.top + height};
  }

  // Puts the legend in the corner with the least data. Returns how much it hides.
  std::size_t place_in_corner(const Chart& chart, double width, double height) {
    constexpr double inset = 8, clearance = 5;
    const double left = plot.left + inset, right = plot.right - inset - width;
    const double top = plot.top + inset, bottom = plot.bottom - inset - height;
    std::size_t fewest = static_cast<std::size_t>(-1);
    for (const Point corner :
         {Point{right, top}, Point{left, top}, Point{right, bottom}, Point{left, bottom}}) {
      const Box around{corner.x - clearance, corner.y - clearance, corner.x + width + clearance,
                       corner.y + height + clearance};
      std::size_t hidden = left <= right && top <= bottom ? 0 : 1;
      for (const Series& series : chart.series)
        for (const Run& run : runs(chart, series))
          for (std::size_t i = 0; i < run.size(); ++i) hidden += crosses(run[i ? i - 1 : 0], run[i], around);
      for (const Mark& mark : chart.marks)
        if (const auto drawn = line(chart, mark))
          hidden += crosses({drawn->left, drawn->top}, {drawn->right, drawn->bottom}, around);
      if (hidden >= fewest) continue;
      fewest = hidden;
      legend_box = {corner.x, corner.y, corner.x + width, corner.y + height};
    }
    return fewest;
  }
};

}  // namespace lstmlib::plot::detail
