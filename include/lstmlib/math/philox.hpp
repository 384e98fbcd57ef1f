// SPDX-License-Identifier: MIT
#pragma once
// Philox4x32-10, a counter-based random generator with random access: number i of a stream is computed
// without the numbers before it. [Salmon 2011]

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::math {

/// Identifies a stream of random numbers. Equal keys give equal numbers on every device.
struct RandomKey {
  std::uint32_t word[2] = {0, 0};
  bool operator==(const RandomKey&) const = default;
};

struct Philox4 {
  std::uint32_t word[4];
};

/// The four random words for `counter` and `key`.
LSTMLIB_HOST_DEVICE inline Philox4 philox(RandomKey key, Philox4 counter) {
  std::uint32_t k0 = key.word[0], k1 = key.word[1];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter.word[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter.word[2];
    counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.word[1] ^ k0, static_cast<std::uint32_t>(b),
                static_cast<std::uint32_t>(a >> 32) ^ counter.word[3] ^ k1, static_cast<std::uint32_t>(a)}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

/// The key of stream (`kind`, `number`, `part`) for a seed. Different names give independent streams.
LSTMLIB_HOST_DEVICE inline RandomKey random_key(std::uint64_t seed, std::uint32_t kind, std::uint64_t number,
                                                std::uint32_t part = 0) {
  const Philox4 made =
      philox({{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
             {{static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), part, kind}});
  return {{made.word[0], made.word[1]}};
}

/// Number `position` of stream `key`: 32 random bits.
LSTMLIB_HOST_DEVICE inline std::uint32_t random_word(RandomKey key, std::uint64_t position) {
  const std::uint64_t block = position / 4;
  return philox(key, {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}})
      .word[position % 4];
}

/// Number `position` of stream `key`, uniform in [0, 1) with 24 random bits.
LSTMLIB_HOST_DEVICE inline float uniform(RandomKey key, std::uint64_t position) {
  return static_cast<float>(random_word(key, position) >> 8) * 0x1p-24f;
}

/// Random words for dropout of units 4 * block to 4 * block + 3, at `position` of `sentence` (its index in
/// the global batch). A unit is kept if its word is at least dropout_threshold(ratio).
LSTMLIB_HOST_DEVICE inline Philox4 dropout_words(RandomKey key, std::uint64_t sentence,
                                                 std::uint32_t position, std::uint32_t block) {
  return philox(key, {{block, position, static_cast<std::uint32_t>(sentence),
                       static_cast<std::uint32_t>(sentence >> 32)}});
}
/// The value below which a fraction `ratio` (0 <= ratio < 1) of all words lies.
LSTMLIB_HOST_DEVICE inline std::uint32_t dropout_threshold(double ratio) {
  return static_cast<std::uint32_t>(ratio * 4294967296.0);
}

}  // namespace lstmlib::math
