// SPDX-License-Identifier: MIT
#include "lstmlib/base/shape.hpp"
#include "support.hpp"

#include <limits>
#include <vector>

using namespace lstmlib;

TEST_CASE("shape: a scalar has no axes and one element") {
  CHECK(Shape().rank() == 0);
  CHECK(Shape().elements() == 1);
  CHECK(Shape{}.rows() == 1);
}

TEST_CASE("shape: rows, row size, elements") {
  const Shape shape{2, 3, 4};
  CHECK(shape.elements() == 24);
  CHECK(shape.rows() == 2);
  CHECK(shape.row_size() == 12);
  CHECK(shape.with_rows(5) == Shape{5, 3, 4});
  CHECK(Shape{0, 3}.row_size() == 3);
  CHECK(message(shape) == "[2, 3, 4]");
}

TEST_CASE("shape: sizes are integers of any type") {
  const std::vector<float> values(5);
  CHECK(Shape{values.size()} == Shape{5});
  CHECK(Shape{values.size(), 3u, short{2}} == Shape{5, 3, 2});
  const auto elements = [](Shape shape) { return shape.elements(); };
  CHECK(elements({values.size(), 2}) == 10);
  CHECK_THROWS_WITH_AS(Shape({std::size_t{1} << 63}), "shape: size 9223372036854775808 is too large",
                       ShapeError);
  static_assert(!std::is_convertible_v<double, lstmlib::detail::Size>);
  static_assert(!std::is_convertible_v<bool, lstmlib::detail::Size>);
}

TEST_CASE("shape: refuses negative sizes, more than six axes, and more elements than can be counted") {
  CHECK_THROWS_AS(Shape({-1}), ShapeError);
  CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1}), ShapeError);
  const Index huge = std::numeric_limits<Index>::max() / 2;
  CHECK_THROWS_AS(Shape({huge, 3}), ShapeError);
  CHECK(Shape{huge, 0}.elements() == 0);
}
