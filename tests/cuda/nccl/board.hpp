// SPDX-License-Identifier: MIT
#pragma once
// What forked processes tell each other in tests: memory that they share, with a place for each.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace lstmlib::test {

/// Lies in shared memory, all zeros at first, followed by `room` bytes for each process.
class Board {
 public:
  static constexpr std::size_t room = std::size_t{4} << 20;
  static std::size_t bytes(int size) { return sizeof(Board) + static_cast<std::size_t>(size) * room; }

  /// What each process says, by rank. Throws if one has given up, or does not come within some seconds.
  std::vector<std::vector<std::byte>> exchange(int rank, int size, std::span<const std::byte> mine) {
    const std::size_t count = mine.size();
    if (count > room - sizeof count) throw std::length_error("a message is too long for the tests' board");
    std::memcpy(place(rank), &count, sizeof count);
    if (count > 0) std::memcpy(place(rank) + sizeof count, mine.data(), count);
    meet(size);
    std::vector<std::vector<std::byte>> all(static_cast<std::size_t>(size));
    for (int from = 0; from < size; ++from) {
      std::size_t theirs = 0;
      std::memcpy(&theirs, place(from), sizeof theirs);
      const std::byte* data = place(from) + sizeof theirs;
      all[static_cast<std::size_t>(from)].assign(data, data + theirs);
    }
    meet(size);  // nobody writes while somebody reads
    return all;
  }
  void meet(int size) {
    const int round = round_;
    if (++arrived_ == size) {
      arrived_ = 0;
      ++round_;
      return;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (round_ == round) {
      if (given_up_) throw std::runtime_error("another process has given up");
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("another process does not come");
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
  void give_up() { given_up_ = true; }

 private:
  std::byte* place(int rank) {
    return reinterpret_cast<std::byte*>(this + 1) + static_cast<std::size_t>(rank) * room;
  }

  std::atomic<int> arrived_, round_;
  std::atomic<bool> given_up_;
};

}  // namespace lstmlib::test
