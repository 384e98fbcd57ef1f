// SPDX-License-Identifier: MIT
#pragma once
// Draws a chart on a canvas: grid, axes, lines, legend and texts.

#include "lstmlib/plot/canvas.hpp"
#include "lstmlib/plot/layout.hpp"
#include "lstmlib/plot/series.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot::detail {

inline constexpr Colour paper = colour(0xFFFFFF);
inline constexpr Colour ink = colour(0x1F2328);
inline constexpr Colour axis_ink = colour(0x57606A);
inline constexpr Colour frame_ink = colour(0xD0D5DB);
inline constexpr Colour grid_ink = colour(0xE4E7EB);

/// Appearance of a series. The first eight differ in colour; further ones are dashed.
struct Look {
  Colour colour;
  std::size_t shape;  ///< of the marker: 0 disc, 1 square, 2 triangle, 3 diamond
  std::vector<double> dashes;
};

/// Colours that people with any colour vision can tell apart: M. Okabe and K. Ito, "Color universal design"
/// (2008). A brown replaces the yellow, which is too pale for a line on white.
inline Look look_of(std::size_t series) {
  constexpr std::array<unsigned, 8> palette{0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                            0xE69F00, 0x56B4E9, 0x7A5230, 0x4D4D4D};
  const std::size_t round = series / palette.size();
  Look look{colour(palette[series % palette.size()]), series % 4, {}};
  if (round % 3 == 1) look.dashes = {6, 3};
  if (round % 3 == 2) look.dashes = {2, 2.5};
  return look;
}

inline constexpr double line_width = 1.75;

inline void draw_marker(Canvas& canvas, Point at, const Look& look) {
  constexpr double radius = 2.9;
  const auto corner = [&](double x, double y) { return Point{at.x + x * radius, at.y + y * radius}; };
  switch (look.shape) {
    case 1:
      return canvas.fill(
          std::vector{corner(-0.9, -0.9), corner(0.9, -0.9), corner(0.9, 0.9), corner(-0.9, 0.9)},
          look.colour);
    case 2:
      return canvas.fill(std::vector{corner(0, -1.25), corner(1.15, 0.8), corner(-1.15, 0.8)}, look.colour);
    case 3:
      return canvas.fill(std::vector{corner(0, -1.3), corner(1.3, 0), corner(0, 1.3), corner(-1.3, 0)},
                         look.colour);
    default: return canvas.disc(at, radius, look.colour);
  }
}

inline void draw_axes(Canvas& canvas, const Layout& layout) {
  const Box& plot = layout.plot;
  const double digits = canvas.digit_height(tick_font);
  const auto x_of = [&](const Tick& tick) { return plot.left + tick.position * plot.width(); };
  const auto y_of = [&](const Tick& tick) { return plot.bottom - tick.position * plot.height(); };
  for (const Tick& tick : layout.x.ticks)
    canvas.rule({x_of(tick), plot.top}, {x_of(tick), plot.bottom}, 1, grid_ink);
  for (const Tick& tick : layout.y.ticks)
    canvas.rule({plot.left, y_of(tick)}, {plot.right, y_of(tick)}, 1, grid_ink);

  canvas.rule({plot.left, plot.bottom}, {plot.right, plot.bottom}, 1, axis_ink);
  canvas.rule({plot.left, plot.top}, {plot.left, plot.bottom}, 1, axis_ink);
  const double baseline = plot.bottom + tick_length + tick_gap + digits;
  for (const Tick& tick : layout.x.ticks) {
    canvas.rule({x_of(tick), plot.bottom}, {x_of(tick), plot.bottom + tick_length}, 1, axis_ink);
    canvas.label(tick.label, {x_of(tick), baseline}, Align::centre, tick_font, ink);
  }
  for (const Tick& tick : layout.y.ticks) {
    canvas.rule({plot.left - tick_length, y_of(tick)}, {plot.left, y_of(tick)}, 1, axis_ink);
    canvas.label(tick.label, {plot.left - tick_length - tick_gap, y_of(tick) + digits / 2}, Align::right,
                 tick_font, ink);
  }
  canvas.label(layout.y.multiplier, {plot.left, plot.top - 7}, Align::left, tick_font, ink);
  canvas.label(layout.x.multiplier, {plot.right, baseline + digits + 8}, Align::right, tick_font, ink);
}

inline constexpr double mark_width = 1.25;
inline const std::vector<double> mark_dashes{5, 3.5};

/// Below the series.
inline void draw_marks(Canvas& canvas, const Chart& chart, const Layout& layout) {
  for (const Mark& mark : chart.marks)
    if (const auto line = layout.line(chart, mark))
      canvas.polyline({{line->left, line->bottom}, {line->right, line->top}}, mark_width, axis_ink,
                      mark_dashes);
}

inline void draw_series(Canvas& canvas, const Chart& chart, const Layout& layout) {
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Look look = look_of(i);
    const std::vector<Run> runs = layout.runs(chart, chart.series[i]);
    std::size_t points = 0;
    for (const Run& run : runs) points += run.size();
    const bool has_room = static_cast<double>(points) * 10 <= layout.plot.width();
    for (const Run& run : runs) {
      canvas.polyline(run, line_width, look.colour, look.dashes);
      if (has_room || run.size() == 1)  // a single point has no line
        for (const Point& point : run) draw_marker(canvas, point, look);
    }
  }
}

inline void draw_legend(Canvas& canvas, const Layout& layout) {
  if (layout.legend.empty()) return;
  const Box& box = layout.legend_box;
  if (box.right <= layout.plot.right) {  // inside the plot: draw a frame
    canvas.fill(box, paper, layout.legend_hides_data ? 0.8 : 1);
    const std::array corners{Point{box.left, box.top}, Point{box.right, box.top},
                             Point{box.right, box.bottom}, Point{box.left, box.bottom}};
    for (std::size_t i = 0; i < corners.size(); ++i)
      canvas.rule(corners[i], corners[(i + 1) % 4], 1, frame_ink);
  }
  double middle = box.top + legend_padding + legend_row / 2;
  for (const LegendEntry& entry : layout.legend) {
    const double left = box.left + legend_padding;
    if (entry.kind == LegendEntry::Kind::mark)
      canvas.polyline({{left, middle}, {left + legend_sample, middle}}, mark_width, axis_ink, mark_dashes);
    if (entry.kind == LegendEntry::Kind::series) {
      const Look look = look_of(entry.number);
      canvas.polyline({{left, middle}, {left + legend_sample, middle}}, line_width, look.colour, look.dashes);
      draw_marker(canvas, {left + legend_sample / 2, middle}, look);
    }
    const double baseline = middle + canvas.digit_height(legend_font) / 2;
    canvas.text(entry.name, {left + legend_sample + legend_gap, baseline}, Align::left, legend_font, ink);
    middle += legend_row;
  }
}

inline void draw(Canvas& canvas, const Chart& chart, Size page) {
  const Layout layout(chart, page, canvas);
  const Box& plot = layout.plot;
  canvas.fill(Box{0, 0, page.width, page.height}, paper);
  draw_axes(canvas, layout);
  draw_marks(canvas, chart, layout);
  draw_series(canvas, chart, layout);
  draw_legend(canvas, layout);
  if (layout.x.empty())
    canvas.text("no data", {(plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2}, Align::centre,
                axis_font, axis_ink);
  canvas.text(layout.title, {layout.middle_of_title, page_margin + canvas.digit_height(title_font)},
              Align::centre, title_font, ink);
  canvas.text(layout.x_label, {(plot.left + plot.right) / 2, page.height - page_margin}, Align::centre,
              axis_font, ink);
  canvas.upward_text(layout.y_label, {page_margin + canvas.digit_height(axis_font), layout.middle_of_y_label},
                     axis_font, ink);
}

}  // namespace lstmlib::plot::detail
