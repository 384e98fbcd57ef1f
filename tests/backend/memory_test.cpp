// SPDX-License-Identifier: MIT
#include "lstmlib/backend/cpu/memory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

using namespace lstmlib;

namespace {
constexpr std::size_t mb = std::size_t{1} << 20;
}

TEST_CASE("memory: a block is used again for what has about its size, and is aligned") {
  cpu::MemoryPool pool;
  void* first = pool.allocate(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  pool.release(first, 1000);
  CHECK(pool.allocate(990) == first);
  void* other = pool.allocate(1000);
  CHECK(other != first);
  pool.release(first, 990);
  pool.release(other, 1000);
  CHECK(pool.allocate(1000) == other);  // what was released last is still in the caches
  CHECK(pool.allocate(1000) == first);
  pool.release(first, 1000);
  pool.release(other, 1000);
  void* half = pool.allocate(500);
  CHECK(half != first);
  CHECK(half != other);
  pool.release(half, 500);
}

TEST_CASE("memory: large blocks serve for up to half their size, and stay as large as they are") {
  cpu::MemoryPool pool;
  void* block = pool.allocate(40 * mb);
  pool.release(block, 40 * mb);
  const std::size_t size = pool.cached_bytes();
  CHECK(size >= 40 * mb);
  void* less = pool.allocate(25 * mb);
  CHECK(less == block);
  CHECK(pool.cached_bytes() == 0);
  pool.release(less, 25 * mb);
  CHECK(pool.cached_bytes() == size);
  void* much_less = pool.allocate(15 * mb);
  CHECK(much_less != block);
  CHECK(pool.allocate(40 * mb) == block);
  pool.release(block, 40 * mb);
  pool.release(much_less, 15 * mb);
}

TEST_CASE("memory: as much is kept as was in use at once, what was used last first") {
  cpu::MemoryPool pool(8 * mb);
  std::vector<void*> blocks(10);
  for (auto& block : blocks) block = pool.allocate(3 * mb);
  for (void* block : blocks) pool.release(block, 3 * mb);
  const std::size_t all = pool.cached_bytes();
  CHECK(all >= 30 * mb);
  // Too large for any that is kept: two of 30 MB are more than were ever in use at once.
  void* large = pool.allocate(30 * mb);
  pool.release(large, 30 * mb);
  CHECK(pool.cached_bytes() <= all + 30 * mb / 8);
  CHECK(pool.allocate(30 * mb) == large);
  pool.release(large, 30 * mb);

  cpu::MemoryPool small(8 * mb);
  for (const std::size_t size : {1u, 2u, 3u, 5u, 7u}) small.release(small.allocate(size * mb), size * mb);
  CHECK(small.cached_bytes() <= 8 * mb);  // `min_cached_bytes`: never was as much in use
}

TEST_CASE("memory: blocks in use never overlap, whatever the order of requests") {
  cpu::MemoryPool pool(4 * mb);
  std::mt19937 random(7);
  struct Block {
    unsigned char* data;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> used;
  const auto intact = [](const Block& block) {
    for (std::size_t at = 0; at < block.bytes; at += block.bytes / 3 + 1)
      if (block.data[at] != block.mark) return false;
    return block.data[block.bytes - 1] == block.mark;
  };
  int wrong = 0;
  for (int i = 0; i < 4000; ++i) {
    if (used.size() < 3 || (used.size() < 12 && random() % 2)) {
      const std::size_t bytes = random() % 8 ? random() % 5000 + 1 : random() % (6 * mb) + 1;
      const Block block{static_cast<unsigned char*>(pool.allocate(bytes)), bytes,
                        static_cast<unsigned char>(i)};
      std::memset(block.data, block.mark, bytes);
      used.push_back(block);
    } else {
      const std::size_t which = random() % used.size();
      if (!intact(used[which])) ++wrong;
      pool.release(used[which].data, used[which].bytes);
      used.erase(used.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  for (const Block& block : used) {
    if (!intact(block)) ++wrong;
    pool.release(block.data, block.bytes);
  }
  CHECK(wrong == 0);
}
