// SPDX-License-Identifier: MIT
#include "lstmlib/backend/sequence_layout.hpp"
#include "support.hpp"

using namespace lstmlib;

TEST_CASE("sequence layout: rows, order by length and time-major places") {
  const SequenceLayout s(std::vector<Index>{2, 4, 1, 4});
  CHECK(s.sequences() == 4);
  CHECK(s.rows() == 11);
  CHECK(s.time_steps() == 4);
  CHECK(s.begin(2) == 6);
  CHECK(s.length(3) == 4);
  const std::vector<Index> order(s.sorted_indices().begin(), s.sorted_indices().end());
  CHECK(order == std::vector<Index>{1, 3, 0, 2});
  const Index running[] = {4, 3, 2, 2};
  for (Index step = 0; step < 4; ++step) CHECK(s.batch_size_at(step) == running[step]);
  CHECK(s.time_offset(4) == 11);
  CHECK(s.row(0, 0) == 2);
  CHECK(s.row(0, 3) == 5);
  CHECK(s.row(0, 0, true) == 5);
  CHECK(s.row(2, 1, true) == 0);
}

TEST_CASE("sequence layout: none at all") {
  const SequenceLayout s{std::vector<Index>{}};
  CHECK(s.sequences() == 0);
  CHECK(s.rows() == 0);
  CHECK(s.time_steps() == 0);
}

TEST_CASE("sequence layout: what a back end keeps beside it is made once, for each back end and its copies") {
  const std::vector<Index> lengths = {2, 3};
  const SequenceLayout layout(lengths);
  int made = 0, first = 0, second = 0;
  const auto make = [&] { return ++made; };
  CHECK(layout.cached<int>(&first, make) == 1);
  const SequenceLayout copy = layout;
  CHECK(copy.cached<int>(&first, make) == 1);
  CHECK(copy.cached<int>(&second, make) == 2);
  CHECK(std::vector<Index>(layout.offsets().begin(), layout.offsets().end()) == std::vector<Index>{0, 2, 5});
  CHECK(std::vector<Index>(layout.time_offsets().begin(), layout.time_offsets().end()) ==
        std::vector<Index>{0, 2, 4, 5});
}
