// SPDX-License-Identifier: MIT
#include "lstmlib/backend/segments.hpp"
#include "support.hpp"

using namespace lstmlib;

TEST_CASE("segments: rows, order by length and time-major places") {
  const Segments s(std::vector<Index>{2, 4, 1, 4});
  CHECK(s.count() == 4);
  CHECK(s.rows() == 11);
  CHECK(s.steps() == 4);
  CHECK(s.first(2) == 6);
  CHECK(s.length(3) == 4);
  const std::vector<Index> order(s.by_length().begin(), s.by_length().end());
  CHECK(order == std::vector<Index>{1, 3, 0, 2});
  const Index running[] = {4, 3, 2, 2};
  for (Index step = 0; step < 4; ++step) CHECK(s.running(step) == running[step]);
  CHECK(s.offset(4) == 11);
  CHECK(s.row(0, 0) == 2);
  CHECK(s.row(0, 3) == 5);
  CHECK(s.row(0, 0, true) == 5);
  CHECK(s.row(2, 1, true) == 0);
}

TEST_CASE("segments: none at all") {
  const Segments s{std::vector<Index>{}};
  CHECK(s.count() == 0);
  CHECK(s.rows() == 0);
  CHECK(s.steps() == 0);
}

TEST_CASE("segments: what a back end keeps beside them is made once, for each back end and its copies") {
  const std::vector<Index> lengths = {2, 3};
  const Segments segments(lengths);
  int made = 0, first = 0, second = 0;
  const auto make = [&] { return ++made; };
  CHECK(segments.kept<int>(&first, make) == 1);
  const Segments copy = segments;
  CHECK(copy.kept<int>(&first, make) == 1);
  CHECK(copy.kept<int>(&second, make) == 2);
  CHECK(std::vector<Index>(segments.firsts().begin(), segments.firsts().end()) ==
        std::vector<Index>{0, 2, 5});
  CHECK(std::vector<Index>(segments.offsets().begin(), segments.offsets().end()) ==
        std::vector<Index>{0, 2, 4, 5});
}
