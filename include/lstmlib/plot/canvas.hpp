// SPDX-License-Identifier: MIT
#pragma once
// A page for lines, shapes and texts: a thin wrapper around a Cairo context. Lengths are in points; y points
// down.

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "lstmlib/plot/axis.hpp"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot::detail {

struct Colour {
  double red, green, blue;  ///< 0 to 1
};

/// 0xRRGGBB
constexpr Colour colour(unsigned code) {
  return {(code >> 16 & 255) / 255.0, (code >> 8 & 255) / 255.0, (code & 255) / 255.0};
}

struct Point {
  double x, y;
};

struct Box {
  double left, top, right, bottom;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};

struct Font {
  double size;
  bool bold = false;
};

/// Which part of a text is at the given point.
enum class Align { left, centre, right };

/// Text that Cairo accepts: invalid UTF-8 becomes a replacement character, control characters become spaces.
inline std::string clean_text(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    char32_t code_point = 0;
    if (!io::take_code_point(text, code_point)) {
      code_point = 0xFFFD;
      text.remove_prefix(1);
    }
    const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
    io::append_utf8(clean, control ? U' ' : code_point);
  }
  return clean;
}

class Canvas {
 public:
  /// Takes ownership of the surface. One point is `scale` units of the surface. Throws Error if Cairo failed
  /// to create it.
  Canvas(cairo_surface_t* surface, double scale)
      : surface_(surface), context_(cairo_create(surface)), scale_(scale) {
    check();
    cairo_scale(context_.get(), scale, scale);
    const std::unique_ptr<cairo_font_options_t, Destroy> options(cairo_font_options_create());
    // Without hinting, text has the same width at every scale, so PNG and SVG have the same layout.
    cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(context_.get(), options.get());
    cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
  }

  cairo_surface_t* surface() const { return surface_.get(); }

  /// Throws Error if any drawing call failed.
  void check() const {
    cairo_status_t status = cairo_surface_status(surface_.get());
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_status(context_.get());
    if (status != CAIRO_STATUS_SUCCESS) fail<Error>("plot: cairo: ", cairo_status_to_string(status));
  }

  /// Horizontal advance of a text, which must be clean.
  double text_width(const std::string& text, Font font) {
    select(font);
    cairo_text_extents_t extents;
    cairo_text_extents(context_.get(), text.c_str(), &extents);
    return extents.x_advance;
  }

  /// Height of a digit above the baseline.
  double digit_height(Font font) {
    select(font);
    cairo_text_extents_t extents;
    cairo_text_extents(context_.get(), "0", &extents);
    return -extents.y_bearing;
  }

  double label_width(const Label& label, Font font) {
    return text_width(label.text, font) + text_width(label.exponent, raised(font));
  }

  /// The cleaned text, cut and with an ellipsis if it exceeds the width.
  std::string fitted_text(std::string_view text, Font font, double width) {
    const std::string clean = clean_text(text);
    if (text_width(clean, font) <= width) return clean;
    std::vector<std::size_t> ends;  // byte offsets of character boundaries
    for (std::size_t i = 0; i < clean.size(); ++i)
      if ((clean[i] & 0xC0) != 0x80) ends.push_back(i);
    const auto too_long = std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) {
      return text_width(clean.substr(0, end) + ellipsis, font) <= width;
    });
    return too_long == ends.begin() ? "" : clean.substr(0, *std::prev(too_long)) + ellipsis;
  }

  /// Draws a clean text with its baseline through a point.
  void text(const std::string& text, Point at, Align align, Font font, Colour ink) {
    label({text, ""}, at, align, font, ink);
  }

  /// Draws a text with its exponent as a superscript.
  void label(const Label& label, Point at, Align align, Font font, Colour ink) {
    const double width = label_width(label, font);
    at.x -= align == Align::left ? 0 : align == Align::centre ? width / 2 : width;
    show(label.text, at, font, ink);
    if (label.exponent.empty()) return;
    const Point above{at.x + text_width(label.text, font), at.y - font.size * 0.35};
    show(label.exponent, above, raised(font), ink);
  }

  /// Draws a clean text that runs upwards, centred on a point of its baseline.
  void upward_text(const std::string& text, Point at, Font font, Colour ink) {
    cairo_save(context_.get());
    cairo_translate(context_.get(), at.x, at.y);
    cairo_rotate(context_.get(), -std::numbers::pi / 2);
    label({text, ""}, {0, 0}, Align::centre, font, ink);
    cairo_restore(context_.get());
  }

  void fill(const Box& box, Colour ink, double opacity = 1) {
    cairo_rectangle(context_.get(), box.left, box.top, box.width(), box.height());
    cairo_set_source_rgba(context_.get(), ink.red, ink.green, ink.blue, opacity);
    cairo_fill(context_.get());
  }

  void fill(const std::vector<Point>& corners, Colour ink) {
    for (const Point& corner : corners) cairo_line_to(context_.get(), corner.x, corner.y);
    cairo_close_path(context_.get());
    source(ink);
    cairo_fill(context_.get());
  }

  void disc(Point centre, double radius, Colour ink) {
    cairo_new_sub_path(context_.get());
    cairo_arc(context_.get(), centre.x, centre.y, radius, 0, 2 * std::numbers::pi);
    source(ink);
    cairo_fill(context_.get());
  }

  /// A horizontal or vertical line, moved by less than a pixel to align its edges with pixels.
  void rule(Point from, Point to, double width, Colour ink) {
    for (double* coordinate : {&from.x, &from.y, &to.x, &to.y}) *coordinate = snapped(*coordinate, width);
    cairo_set_line_cap(context_.get(), CAIRO_LINE_CAP_SQUARE);
    cairo_set_dash(context_.get(), nullptr, 0, 0);
    const Point ends[] = {from, to};
    stroke(ends, width, ink);
  }

  /// Connected points. `dashes` has alternating lengths of line and gap, and may be empty.
  void polyline(const std::vector<Point>& points, double width, Colour ink,
                const std::vector<double>& dashes) {
    cairo_set_line_cap(context_.get(), dashes.empty() ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
    cairo_set_dash(context_.get(), dashes.data(), static_cast<int>(dashes.size()), 0);
    // In pieces, because the time of a stroke grows faster than linearly with its number of points.
    constexpr std::size_t piece = 256;
    for (std::size_t first = 0; first + 1 < points.size(); first += piece) {
      const std::size_t count = (std::min)(piece + 1, points.size() - first);
      stroke(std::span(points).subspan(first, count), width, ink);
    }
  }

 private:
  static constexpr const char* ellipsis = "\u2026";

  struct Destroy {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
    void operator()(cairo_t* context) const { cairo_destroy(context); }
    void operator()(cairo_font_options_t* options) const { cairo_font_options_destroy(options); }
  };

  static Font raised(Font font) { return {font.size * 0.75, font.bold}; }

  void select(Font font) {
    cairo_select_font_face(context_.get(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           font.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(context_.get(), font.size);
  }

  void source(Colour ink) { cairo_set_source_rgb(context_.get(), ink.red, ink.green, ink.blue); }

  void show(const std::string& text, Point at, Font font, Colour ink) {
    select(font);
    source(ink);
    cairo_move_to(context_.get(), at.x, at.y);
    cairo_show_text(context_.get(), text.c_str());
    cairo_new_path(context_.get());
  }

  double snapped(double coordinate, double width) const {
    const bool odd = static_cast<long>(std::lround(width * scale_)) % 2 != 0;
    const double half = odd ? 0.5 : 0.0;  // a line of odd width runs through pixel centres
    return (std::round(coordinate * scale_ - half) + half) / scale_;
  }

  void stroke(std::span<const Point> points, double width, Colour ink) {
    for (const Point& point : points) cairo_line_to(context_.get(), point.x, point.y);
    source(ink);
    cairo_set_line_width(context_.get(), width);
    cairo_stroke(context_.get());
  }

  std::unique_ptr<cairo_surface_t, Destroy> surface_;
  std::unique_ptr<cairo_t, Destroy> context_;
  double scale_;
};

}  // namespace lstmlib::plot::detail
