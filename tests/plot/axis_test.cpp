// SPDX-License-Identifier: MIT
#include "lstmlib/plot/axis.hpp"

#include <limits>

#include "support.hpp"

using namespace lstmlib::plot::detail;

namespace {

std::string labels(const Axis& axis) {
  std::string all;
  for (const Tick& tick : axis.ticks)
    all += (all.empty() ? "" : " ") + tick.label.text +
           (tick.label.exponent.empty() ? "" : "^" + tick.label.exponent);
  if (!axis.multiplier.text.empty()) all += " " + axis.multiplier.text + "^" + axis.multiplier.exponent;
  return all;
}

Axis axis(const std::vector<double>& values, int count, AxisOptions options = {}) {
  Axis made(values, options);
  made.choose_ticks(count);
  return made;
}

}  // namespace

TEST_CASE("axis: ticks are steps of 1, 2 or 5 with as many decimals as they need") {
  CHECK(labels(axis({0.08, 0.63}, 8)) == "0.1 0.2 0.3 0.4 0.5 0.6");
  CHECK(labels(axis({0.5, 0.9}, 10)) == "0.50 0.55 0.60 0.65 0.70 0.75 0.80 0.85 0.90");
  CHECK(labels(axis({0.01, 100.01}, 6)) == "0 20 40 60 80 100");
  CHECK(labels(axis({-1.5, 1.4}, 4)) == "\u22121 0 1");
}

TEST_CASE("axis: values that are integers, as epochs, have integer ticks only") {
  CHECK(labels(axis({1, 2}, 10)) == "1 2");
  CHECK(labels(axis({1, 5}, 10)) == "1 2 3 4 5");
  CHECK(labels(axis({3}, 10)) == "3");
  CHECK(labels(axis({1, 30}, 7)) == "0 5 10 15 20 25 30");
}

TEST_CASE("axis: large and small numbers share a power of ten") {
  CHECK(labels(axis({2e-5, 8.1e-5}, 5)) == "2 4 6 8 \u00d710^\u22125");
  CHECK(labels(axis({5e5, 1e7}, 6)) == "2 4 6 8 10 \u00d710^6");
  CHECK(labels(axis({-1e300, 1e300}, 2)) == "\u22121 0 1 \u00d710^300");
  CHECK(labels(axis({0, 999999.5}, 6)) == "0 2 4 6 8 10 \u00d710^5");
  CHECK(labels(axis({0, 90000.5}, 2)) == "0 50000");
}

TEST_CASE("axis: equal values lie in the middle") {
  for (const double value : {0.5, 0.0, -3.0, 1e-5, 1e300, -1e300, 1e-300, 5e-324, 123456789.123}) {
    const Axis made = axis({value, value}, 6);
    CHECK(made.position(value) == doctest::Approx(0.5));
    CHECK(made.ticks.size() >= 1);
    CHECK(made.ticks.size() <= 12);
  }
}

TEST_CASE("axis: an axis from zero begins or ends there") {
  CHECK(axis({2.5, 10}, 5, {.from_zero = true}).position(0) == 0);
  CHECK(axis({-2.5, -10}, 5, {.from_zero = true}).position(0) == 1);
  CHECK(axis({0, 0}, 5, {.from_zero = true}).ticks.size() >= 1);
  CHECK(axis({2.5, 10}, 5).position(2.5) == doctest::Approx(0.05 / 1.1));
}

TEST_CASE("axis: decades of a logarithmic axis are equally far apart") {
  const Axis made = axis({1e-3, 10}, 8, {.logarithmic = true});
  CHECK(labels(made) == "0.001 0.01 0.1 1 10");
  CHECK(made.position(1) - made.position(0.1) == doctest::Approx(made.position(0.1) - made.position(0.01)));
  CHECK(labels(axis({1e-6, 1}, 4, {.logarithmic = true})) == "10^\u22126 10^\u22124 10^\u22122 10^0");
  CHECK(labels(axis({0.9, 60}, 8, {.logarithmic = true})) == "1 2 5 10 20 50");
  CHECK(labels(axis({23.6, 31}, 5, {.logarithmic = true})) == "24 26 28 30");
  CHECK(labels(axis({1e-300, 1e300}, 4, {.logarithmic = true})).find("10^0") != std::string::npos);
}

TEST_CASE("axis: every tick lies on the axis, in order, and at the value of its label") {
  for (const double low : {-7.3, -1e-4, 0.0, 0.013, 5.0, 99.0, 3e5})
    for (const double size : {1e-6, 0.3, 1.0, 17.0, 1e4})
      for (const int count : {1, 2, 5, 12}) {
        CAPTURE(low);
        CAPTURE(size);
        CAPTURE(count);
        const Axis made = axis({low, low + size}, count);
        double before = -1e-6;
        for (const Tick& tick : made.ticks) {
          CHECK(tick.position > before);
          before = tick.position;
          std::string number = tick.label.text;
          if (number.rfind("\u2212", 0) == 0) number.replace(0, 3, "-");
          std::string power = made.multiplier.exponent;
          if (power.rfind("\u2212", 0) == 0) power.replace(0, 3, "-");
          const double value = std::stod(number + "e" + (power.empty() ? "0" : power));
          CHECK(std::abs(made.position(value) - tick.position) < 1e-6);
        }
        CHECK(before <= 1 + 1e-6);
        CHECK((count == 1 || made.ticks.size() >= 2));
        CHECK(made.ticks.size() <= 3 * static_cast<std::size_t>(count) + 1);
      }
}

TEST_CASE("axis: what cannot be drawn is told apart") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), 1e301, -1e301}) {
    CHECK_FALSE(is_drawable(value, false));
    CHECK_FALSE(is_drawable(value, true));
  }
  CHECK(is_drawable(0, false));
  CHECK_FALSE(is_drawable(0, true));
  CHECK_FALSE(is_drawable(-1, true));
  CHECK(axis({}, 5).empty());
  CHECK(axis({}, 5).ticks.empty());
}
