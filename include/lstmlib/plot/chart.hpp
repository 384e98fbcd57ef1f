// SPDX-License-Identifier: MIT
#pragma once
// Line charts, such as of training runs, as PNG or SVG files. Needs Cairo: link with lstmlib::plot.
//
//   plot::write_png("loss.png",
//                   {.title = "loss", .x_label = "epoch", .series = {{"train", epochs, losses}}});

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/file.hpp"
#include "lstmlib/plot/canvas.hpp"
#include "lstmlib/plot/draw.hpp"
#include "lstmlib/plot/series.hpp"

#include <cairo-svg.h>
#include <cairo.h>

#include <cmath>
#include <exception>
#include <filesystem>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI::plot {

namespace detail {

/// Cairo's callback for output; `target` is a std::string.
inline cairo_status_t append_bytes(void* target, const unsigned char* bytes, unsigned count) {
  try {
    static_cast<std::string*>(target)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::exception&) {  // exceptions must not pass through C code
    return CAIRO_STATUS_NO_MEMORY;
  }
}

/// Width and height in pixels. Throws ShapeError unless both are from 1 to 16384.
inline Size pixel_size(Size size, double scale) {
  const Size pixels{std::round(size.width * scale), std::round(size.height * scale)};
  const auto fits = [](double length) { return length >= 1 && length <= 16384; };
  if (!fits(pixels.width) || !fits(pixels.height) || !(scale > 0) || !std::isfinite(scale))
    fail<ShapeError>("plot: a page of ", size.width, " x ", size.height, " points at scale ", scale,
                     " has not 1 to 16384 pixels a side");
  return pixels;
}

}  // namespace detail

/// The chart as a PNG file of `size` times `scale` pixels. Equal input gives equal bytes on the same system.
/// Throws ShapeError for an invalid size or a series with different numbers of x and y values.
inline std::string png(const Chart& chart, Size size = {720, 480}, double scale = 2) {
  const Size pixels = detail::pixel_size(size, scale);
  detail::Canvas canvas(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(pixels.width),
                                                   static_cast<int>(pixels.height)),
                        scale);
  detail::draw(canvas, chart, size);
  canvas.check();
  std::string bytes;
  const cairo_status_t status =
      cairo_surface_write_to_png_stream(canvas.surface(), detail::append_bytes, &bytes);
  if (status != CAIRO_STATUS_SUCCESS) fail<Error>("plot: cairo: ", cairo_status_to_string(status));
  return bytes;
}

/// The chart as an SVG file of `size` points. Letters are drawn as shapes, so no font is needed to display
/// it. Equal input gives equal text on the same system. Throws like `png`.
inline std::string svg(const Chart& chart, Size size = {720, 480}) {
  detail::pixel_size(size, 1);
  std::string text;
  detail::Canvas canvas(
      cairo_svg_surface_create_for_stream(detail::append_bytes, &text, size.width, size.height), 1);
  detail::draw(canvas, chart, size);
  cairo_surface_finish(canvas.surface());
  if (cairo_surface_status(canvas.surface()) != CAIRO_STATUS_SUCCESS) canvas.check();
  // Cairo numbers the surfaces of a process, but nothing refers to that number.
  constexpr const char* numbered = "id=\"surface";
  if (const auto at = text.find(numbered); at != std::string::npos) {
    const auto number = at + std::string(numbered).size();
    text.erase(number, text.find('"', number) - number);
  }
  return text;
}

/// Writes `png(chart, size, scale)` to a file atomically: it is never visible half-written. Throws FileError,
/// and like `png`.
inline void write_png(const std::filesystem::path& path, const Chart& chart, Size size = {720, 480},
                      double scale = 2) {
  io::write_file(path, png(chart, size, scale));
}

/// Writes `svg(chart, size)` to a file atomically. Throws FileError, and like `svg`.
inline void write_svg(const std::filesystem::path& path, const Chart& chart, Size size = {720, 480}) {
  io::write_file(path, svg(chart, size));
}

}  // namespace lstmlib::plot
