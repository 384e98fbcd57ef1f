// SPDX-License-Identifier: MIT
#include "lstmlib/math/philox.hpp"
#include "support.hpp"

#include <set>

using namespace lstmlib::math;

TEST_CASE("philox: the known answers of the Random123 library") {
  const auto check = [](RandomKey key, Philox4 counter, Philox4 expected) {
    const Philox4 made = philox(key, counter);
    for (int i = 0; i < 4; ++i) CHECK(made.word[i] == expected.word[i]);
  };
  // Random123's kat_vectors, philox4x32 with 10 rounds.
  check({{0, 0}}, {{0, 0, 0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  check({{0xffffffff, 0xffffffff}}, {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
        {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  check({{0xa4093822, 0x299f31d0}}, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
        {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("philox: streams of different names have different keys") {
  std::set<std::pair<std::uint32_t, std::uint32_t>> keys;
  for (const std::uint64_t seed : {0u, 1u})
    for (const std::uint32_t kind : {1u, 2u, 3u})
      for (std::uint64_t number = 0; number < 50; ++number)
        for (std::uint32_t part = 0; part < 4; ++part) {
          const RandomKey key = random_key(seed, kind, number, part);
          keys.insert({key.word[0], key.word[1]});
        }
  CHECK(keys.size() == 2 * 3 * 50 * 4);
}

TEST_CASE("philox: uniform numbers lie in [0, 1) and have the right mean and variance") {
  double sum = 0, squares = 0;
  const int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double u = static_cast<double>(uniform({{1, 2}}, static_cast<std::uint64_t>(i)));
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    squares += u * u;
  }
  CHECK(sum / n == doctest::Approx(0.5).epsilon(0.01));
  CHECK(squares / n - sum * sum / n / n == doctest::Approx(1.0 / 12).epsilon(0.01));
}
