// SPDX-License-Identifier: MIT
#include "lstmlib/plot/chart.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support.hpp"

using namespace lstmlib;
using namespace lstmlib::plot;

/// Fontconfig keeps what it read until the process ends, out of the leak checker's sight.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }

namespace {

/// A PNG, read back by Cairo.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint32_t> pixels;  // 0xRRGGBB, row by row

  explicit Image(const std::string& png) {
    struct Input {
      const std::string& bytes;
      std::size_t at = 0;
    } input{png};
    const auto read = [](void* source, unsigned char* target, unsigned count) {
      auto& from = *static_cast<Input*>(source);
      if (from.bytes.size() - from.at < count) return CAIRO_STATUS_READ_ERROR;
      std::memcpy(target, from.bytes.data() + from.at, count);
      from.at += count;
      return CAIRO_STATUS_SUCCESS;
    };
    cairo_surface_t* surface = cairo_image_surface_create_from_png_stream(read, &input);
    REQUIRE(cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS);
    width = cairo_image_surface_get_width(surface);
    height = cairo_image_surface_get_height(surface);
    const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface));
    const auto row_bytes = static_cast<std::size_t>(width) * 4;
    pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    for (std::size_t row = 0; row < static_cast<std::size_t>(height); ++row)
      std::memcpy(pixels.data() + row * static_cast<std::size_t>(width),
                  cairo_image_surface_get_data(surface) + row * stride, row_bytes);
    cairo_surface_destroy(surface);
    for (std::uint32_t& pixel : pixels) pixel &= 0xFFFFFF;
  }

  std::uint32_t at(int x, int y) const {
    return pixels.at(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                     static_cast<std::size_t>(x));
  }

  /// Pixels in a box for which the predicate holds.
  template <class Predicate>
  int count(int left, int top, int right, int bottom, Predicate predicate) const {
    int found = 0;
    for (int y = (std::max)(top, 0); y < (std::min)(bottom, height); ++y)
      for (int x = (std::max)(left, 0); x < (std::min)(right, width); ++x) found += predicate(at(x, y));
    return found;
  }
};

bool is_dark(std::uint32_t pixel) { return (pixel & 255) + (pixel >> 8 & 255) + (pixel >> 16) < 300; }
bool is_not_white(std::uint32_t pixel) { return pixel != 0xFFFFFF; }

constexpr std::uint32_t first_colour = 0x0072B2;
constexpr std::uint32_t second_colour = 0xD55E00;

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();

Chart losses() {
  return {.title = "Loss",
          .x_label = "epoch",
          .y_label = "loss",
          .series = {{"main/loss", {1, 2, 3, 4}, {0.9, 0.6, 0.4, 0.3}},
                     {"validation/main/loss", {1, 2, 3, 4}, {0.8, 0.7, 0.72, 0.75}}}};
}

plot::detail::Layout layout_of(const Chart& chart, Size size = {720, 480}) {
  plot::detail::Canvas canvas(cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1), 1);
  return plot::detail::Layout(chart, size, canvas);
}

bool contains(const plot::detail::Box& outer, const plot::detail::Box& inner) {
  return outer.left <= inner.left && outer.top <= inner.top && inner.right <= outer.right &&
         inner.bottom <= outer.bottom;
}

}  // namespace

TEST_CASE("chart: a PNG file of the size times the scale") {
  const auto path = test::scratch("plot_png") / "loss.png";
  write_png(path, losses());
  const auto bytes = io::read_file(path);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(text.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  const Image image(text);
  CHECK(image.width == 1440);
  CHECK(image.height == 960);
  const Image small(png(losses(), {300, 200}, 1));
  CHECK(small.width == 300);
  CHECK(small.height == 200);
}

TEST_CASE("chart: texts are drawn, so the font is there") {
  const Image with(png(losses()));
  // Title: centred above the axes. Labels: at the bottom and at the left edge. All in pixels of scale 2.
  CHECK(with.count(600, 20, 900, 60, is_dark) > 200);
  CHECK(with.count(600, 900, 900, 950, is_dark) > 100);
  CHECK(with.count(20, 300, 60, 600, is_dark) > 50);
  Chart bare = losses();
  bare.title = "";
  CHECK(Image(png(bare)).count(600, 20, 900, 24, is_dark) == 0);
}

TEST_CASE("chart: every letter of the title has its own shape") {
  Chart one = losses(), other = losses();
  one.title = "mmmm";
  other.title = "wwww";
  CHECK(png(one) != png(other));  // a font without letters draws equal boxes
}

TEST_CASE("chart: points are where their values say") {
  const Chart chart = losses();
  const Image image(png(chart));
  const plot::detail::Layout layout = layout_of(chart);
  const std::vector<std::uint32_t> colours{first_colour, second_colour};
  for (std::size_t s = 0; s < 2; ++s)
    for (std::size_t i = 0; i < 4; ++i) {
      const plot::detail::Point point = layout.at(chart.series[s].x[i], chart.series[s].y[i]);
      CHECK(image.at(static_cast<int>(point.x * 2), static_cast<int>(point.y * 2)) == colours[s]);
    }
  // and the lines between them
  const plot::detail::Point from = layout.at(2, 0.6), to = layout.at(3, 0.4);
  CHECK(image.at(static_cast<int>(from.x + to.x), static_cast<int>(from.y + to.y)) == first_colour);
}

TEST_CASE("chart: larger values are further up and further right, and ticks stand at their values") {
  const plot::detail::Layout layout = layout_of({.series = {{"", {0, 10}, {0, 10}}}});
  CHECK(layout.at(10, 10).x > layout.at(0, 0).x);
  CHECK(layout.at(10, 10).y < layout.at(0, 0).y);
  CHECK(layout.legend.empty());
  const plot::detail::Box& plot = layout.plot;
  CHECK(layout.at(0, 0).x - plot.left == doctest::Approx(plot.width() * 0.05 / 1.1));
  CHECK(plot.bottom - layout.at(0, 0).y == doctest::Approx(plot.height() * 0.05 / 1.1));
}

TEST_CASE("chart: nothing reaches the edge of the page") {
  Chart chart = losses();
  chart.title = std::string(300, 'W');
  chart.x_label = std::string(300, 'W');
  chart.y_label = std::string(300, 'W');
  chart.series[0].name = std::string(300, 'W');
  chart.series.push_back({"large", {1, 1000000}, {1e-9, 123456.789}});
  const Image image(png(chart));
  constexpr int margin = 8;
  CHECK(image.count(0, 0, image.width, margin, is_not_white) == 0);
  CHECK(image.count(0, image.height - margin, image.width, image.height, is_not_white) == 0);
  CHECK(image.count(0, 0, margin, image.height, is_not_white) == 0);
  CHECK(image.count(image.width - margin, 0, image.width, image.height, is_not_white) == 0);
}

TEST_CASE("chart: a gap is left where a value is not a number") {
  const Chart chart{.series = {{"", {1, 2, 3, 4, 5}, {1, 1, not_a_number, 1, 1}}}};
  const Image image(png(chart));
  const plot::detail::Layout layout = layout_of(chart);
  const auto blue_at = [&](double x) {
    const plot::detail::Point point = layout.at(x, 1);
    return image.at(static_cast<int>(point.x * 2), static_cast<int>(point.y * 2)) == first_colour;
  };
  CHECK(blue_at(1.5));
  CHECK_FALSE(blue_at(2.5));
  CHECK_FALSE(blue_at(3.5));
  CHECK(blue_at(4.5));
}

TEST_CASE("chart: a point between two gaps is still seen") {
  std::vector<double> x(201), y(201, not_a_number);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  y[0] = 0, y[100] = 1, y[200] = 0;
  const Chart chart{.series = {{"", x, y}}};
  const plot::detail::Point point = layout_of(chart).at(100, 1);
  CHECK(Image(png(chart)).at(static_cast<int>(point.x * 2), static_cast<int>(point.y * 2)) == first_colour);
}

TEST_CASE("chart: the legend stands in a corner without data") {
  const auto corner_of = [](std::vector<double> first, std::vector<double> second) {
    const plot::detail::Layout layout = layout_of(
        {.series = {{"train", {1, 2, 3, 4}, std::move(first)}, {"test", {1, 2, 3, 4}, std::move(second)}}});
    CHECK(contains(layout.plot, layout.legend_box));
    const plot::detail::Box& box = layout.legend_box;
    const bool top = box.top - layout.plot.top < 20, left = box.left - layout.plot.left < 20;
    return std::string(top ? "top " : "bottom ") + (left ? "left" : "right");
  };
  CHECK(corner_of({9, 4, 2, 1}, {8, 4, 3, 2}) == "top right");
  CHECK(corner_of({1, 6, 8, 9}, {2, 6, 7, 8}) == "top left");
  CHECK(corner_of({9, 9, 9, 9}, {1, 1, 9, 9}) == "bottom right");
  CHECK(corner_of({9, 9, 9, 9}, {9, 9, 1, 1}) == "bottom left");
}

TEST_CASE("chart: a line between two points counts as data for the legend") {
  // Top left and bottom right have no points, but the falling line goes through both other corners.
  const plot::detail::Layout layout = layout_of({.series = {{"a", {0, 1}, {1, 0}}, {"b", {0, 1}, {0, 1}}}});
  CHECK(layout.legend_box.left >= layout.plot.right);
  CHECK(layout.legend_box.right <= 720);
}

TEST_CASE("chart: many series have a legend of as many rows as the page has room for") {
  Chart chart;
  for (int i = 0; i < 100; ++i)
    chart.series.push_back({message("series ", i), {0, 1, 2}, {i * 1.0, i * 2.0, i * 1.5}});
  const plot::detail::Layout layout = layout_of(chart);
  CHECK(layout.legend.size() < 30);
  CHECK(layout.legend.back().name == message("and ", 101 - layout.legend.size(), " more"));
  CHECK(contains({0, 0, 720, 480}, layout.legend_box));
  CHECK_FALSE(layout.legend_hides_data);
}

TEST_CASE("chart: a mark is a dashed line at its x, named in the legend") {
  Chart chart{.series = {{"", {1, 2, 3}, {3, 1, 2}}}};
  const auto mark_ink = [](std::uint32_t pixel) { return pixel == 0x57606A; };
  const auto inked = [&](double x) {
    const plot::detail::Layout layout = layout_of(chart);
    const int middle = static_cast<int>(layout.at(x, 1).x * 2);
    const int top = static_cast<int>(layout.plot.top * 2),
              bottom = static_cast<int>(layout.plot.bottom * 2) - 4;
    return Image(png(chart)).count(middle - 1, top, middle + 1, bottom, mark_ink);
  };
  CHECK(inked(2.5) == 0);
  chart.marks = {{2.5, "best epoch: 2"}};
  CHECK(inked(2.5) > 200);
  const plot::detail::Layout layout = layout_of(chart);
  REQUIRE(layout.legend.size() == 1);
  CHECK(layout.legend[0].name == "best epoch: 2");
  CHECK(layout.legend[0].kind == plot::detail::LegendEntry::Kind::mark);
  CHECK_FALSE(layout.legend_hides_data);

  chart.marks = {{7, "beyond the lines"}};
  CHECK(layout_of(chart).at(7, 1).x < layout_of(chart).plot.right);
}

TEST_CASE("chart: a mark that cannot be drawn, or has no lines, is left out") {
  const Chart empty{.marks = {{1, "mark"}}};
  CHECK(layout_of(empty).legend.empty());
  CHECK(Image(png(empty)).width == 1440);
  for (const double x : {not_a_number, infinity, -1e301}) {
    Chart chart = losses();
    const std::string without = png(chart);
    chart.marks = {{x, "mark"}};
    CHECK(png(chart) == without);
  }
}

TEST_CASE("chart: equal input gives equal bytes") {
  CHECK(png(losses()) == png(losses()));
  CHECK(svg(losses()) == svg(losses()));
}

TEST_CASE("chart: an SVG file with the lines in their colours") {
  const auto path = test::scratch("plot_svg") / "loss.svg";
  write_svg(path, losses());
  const auto bytes = io::read_file(path);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(text.find("<svg ") != std::string::npos);
  CHECK(text.find("width=\"720pt\" height=\"480pt\"") != std::string::npos);
  CHECK(text.find("rgb(0%,44.705882%,69.803922%)") != std::string::npos);  // 0x0072B2
  CHECK(text.rfind("</svg>\n") == text.size() - 7);
}

TEST_CASE("chart: a folder that takes no file is an error and nothing is left") {
  const auto folder = test::scratch("plot_unwritable");
  CHECK_THROWS_AS(write_png(folder / "absent" / "loss.png", losses()), FileError);
  CHECK_THROWS_AS(write_svg(folder / "absent" / "loss.svg", losses()), FileError);
  CHECK_FALSE(std::filesystem::exists(folder / "absent"));
  std::filesystem::create_directory(folder / "loss.png");
  CHECK_THROWS_AS(write_png(folder / "loss.png", losses()), FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
}

TEST_CASE("chart: a failed drawing leaves the old file as it was") {
  const auto path = test::scratch("plot_kept") / "loss.png";
  write_png(path, losses());
  const auto before = io::read_file(path);
  Chart broken = losses();
  broken.series[0].y.pop_back();
  CHECK_THROWS_WITH_AS(write_png(path, broken), "plot: series 'main/loss' has 4 x and 3 y", ShapeError);
  CHECK(io::read_file(path) == before);
}

TEST_CASE("chart: unusable sizes are refused") {
  for (const Size size :
       {Size{0, 480}, Size{720, -1}, Size{not_a_number, 480}, Size{1e9, 480}, Size{infinity, infinity}}) {
    CHECK_THROWS_AS(png(losses(), size), ShapeError);
    CHECK_THROWS_AS(svg(losses(), size), ShapeError);
  }
  for (const double scale : {0.0, -1.0, not_a_number, infinity, 1e6, 1e-6})
    CHECK_THROWS_AS(png(losses(), {720, 480}, scale), ShapeError);
}

TEST_CASE(
    "chart: of odd input each point that can be drawn is where its values say, and no other one is there") {
  const std::vector<std::vector<double>> columns{{},
                                                 {1},
                                                 {not_a_number},
                                                 {infinity, -infinity},
                                                 {0, 0},
                                                 {1, 2},
                                                 {1e308, -1e308},
                                                 {1e300, -1e300},
                                                 {5e-324, 1e-310},
                                                 {1e15, 1e15 + 1},
                                                 {-1, 0, 1},
                                                 {1e-300, 1e300},
                                                 {3, 1, 2},
                                                 {not_a_number, 1, not_a_number, infinity, 2}};
  for (const auto& x : columns)
    for (const auto& y : columns) {
      if (x.size() != y.size()) continue;
      for (const bool logarithmic : {false, true}) {
        // Without a name there is no legend: all that has the colour is data.
        const Chart chart{
            .series = {{"", x, y}}, .y_from_zero = true, .x_log = logarithmic, .y_log = logarithmic};
        const Image image(png(chart, {240, 160}, 2));
        const plot::detail::Layout layout = layout_of(chart, {240, 160});
        const auto is_data = [](std::uint32_t pixel) { return pixel == first_colour; };
        const auto can_be_drawn = [&](double value) {
          return std::isfinite(value) && std::abs(value) <= 1e300 && (!logarithmic || value >= 1e-300);
        };
        int points = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (!can_be_drawn(x[i]) || !can_be_drawn(y[i])) continue;
          ++points;
          const plot::detail::Point point = layout.at(x[i], y[i]);
          REQUIRE(contains(layout.plot, {point.x, point.y, point.x, point.y}));
          const int left = static_cast<int>(point.x * 2), top = static_cast<int>(point.y * 2);
          CHECK(image.count(left - 1, top - 1, left + 2, top + 2, is_data) > 0);
        }
        CHECK((image.count(0, 0, image.width, image.height, is_data) > 0) == (points > 0));
      }
    }
}

TEST_CASE("chart: pages too small for their texts are drawn") {
  for (const Size size : {Size{1, 1}, Size{10, 10}, Size{40, 400}, Size{400, 40}, Size{100, 80}})
    CHECK(Image(png(losses(), size, 1)).width == static_cast<int>(size.width));
}

TEST_CASE("chart: a chart without series says so") {
  const Image image(png(Chart{}));
  CHECK(image.count(500, 380, 940, 580, is_not_white) > 50);
}

TEST_CASE("chart: texts may hold any bytes") {
  Chart chart = losses();
  chart.title = "Größe, точность, \u4f60\u597d";
  chart.x_label = std::string("a\0b\n\x80\xff\xc3", 7);
  chart.y_label = "\xed\xa0\x80 \xf4\x90\x80\x80";
  chart.series[0].name = "\x1b[31mred";
  CHECK(Image(png(chart)).width == 1440);
  CHECK(svg(chart).find('\x1b') == std::string::npos);
  CHECK(plot::detail::clean_text(std::string("a\0b\nc\xff", 6)) == "a b c\uFFFD");
}

TEST_CASE("chart: long texts are cut between letters") {
  plot::detail::Canvas canvas(cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1), 1);
  const plot::detail::Font font{12};
  CHECK(canvas.fitted_text("short", font, 200) == "short");
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\u0416";
  const std::string cut = canvas.fitted_text(text, font, 200);
  CHECK(cut.size() % 2 == 1);  // letters of two bytes, an ellipsis of three
  CHECK(cut.substr(cut.size() - 3) == "\u2026");
  CHECK(canvas.text_width(cut, font) <= 200);
  CHECK(canvas.text_width(cut, font) > 180);
  CHECK(canvas.fitted_text(text, font, 1).empty());
}

TEST_CASE("chart: twenty thousand points are drawn as one band") {
  std::vector<double> x(20000), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<double>(i);
    y[i] = std::sin(x[i] * 12.9898) * 43758.5453 - std::floor(std::sin(x[i] * 12.9898) * 43758.5453);
  }
  const Image image(png({.series = {{"noise", x, y}}}));
  CHECK(image.count(0, 0, image.width, image.height, [](std::uint32_t p) { return p == first_colour; }) >
        100000);
}
