// SPDX-License-Identifier: MIT
#pragma once
// Processes of a test that work together, each with an imaginary GPU of its own.

#include "board.hpp"

#include "lstmlib/distributed/communicator.hpp"
#include "support.hpp"

#include <cstdio>
#include <new>
#include <type_traits>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lstmlib::test {

/// Connects forked processes. Slow.
class Forked final : public distributed::Communicator {
 public:
  Forked(Board& board, int rank, int size) : board_(board), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return rank_; }
  int local_size() const override { return size_; }
  std::string host() const override { return "here"; }
  void barrier() override { board_.meet(size_); }
  void broadcast(std::span<std::byte> bytes, int root) override {
    const auto all = all_gather(rank_ == root ? bytes : std::span<std::byte>{});
    std::copy(all[static_cast<std::size_t>(root)].begin(), all[static_cast<std::size_t>(root)].end(),
              bytes.begin());
  }
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    return board_.exchange(rank_, size_, mine);
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<float> values,
                                                      distributed::GradientCompression) override {
    return sum_of(values);
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<double> values) override {
    return sum_of(values);
  }
  std::unique_ptr<distributed::Work> all_gather_async(Device, const void* mine, void* all,
                                                      std::span<const std::size_t> bytes) override {
    auto* to = static_cast<std::byte*>(all);
    for (const auto& one :
         all_gather({static_cast<const std::byte*>(mine), bytes[static_cast<std::size_t>(rank_)]}))
      to = std::copy(one.begin(), one.end(), to);
    return std::make_unique<Done>();
  }

 private:
  struct Done final : distributed::Work {
    void wait() override {}
  };
  template <class T>
  std::unique_ptr<distributed::Work> sum_of(Tensor<T>& values) {
    const auto all = all_gather(std::as_bytes(values.values()));
    values.clear();
    for (const auto& one : all)
      for (std::size_t i = 0; i < values.values().size(); ++i) {
        T term;
        std::memcpy(&term, one.data() + i * sizeof term, sizeof term);
        values.mutable_values()[i] += term;
      }
    return std::make_unique<Done>();
  }

  Board& board_;
  int rank_, size_;
};

/// `work(communicator)` in `size` processes, and the numbers that each returned, by rank. What one of them
/// throws is thrown here.
template <class Work>
auto on_ranks(int size, const Work& work) {
  using Numbers = std::invoke_result_t<Work, distributed::Communicator&>;
  using Number = typename Numbers::value_type;
  static_assert(std::is_trivially_copyable_v<Number>);
  const auto shared = [](std::size_t bytes) {
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) fail<Error>("no memory that processes share");
    return data;
  };
  auto& board = *new (shared(Board::bytes(size))) Board;
  std::vector<std::byte*> returned;
  for (int rank = 0; rank < size; ++rank) returned.push_back(static_cast<std::byte*>(shared(Board::room)));
  // A byte that says whether it is an error's text, the size, and the bytes.
  const auto give_back = [](std::byte* to, bool error, const void* data, std::size_t bytes) {
    *to = std::byte{error};
    std::memcpy(to + 1, &bytes, sizeof bytes);
    if (bytes > 0) std::memcpy(to + 1 + sizeof bytes, data, bytes);
  };

  std::fflush(nullptr);
  std::vector<pid_t> processes;
  for (int rank = 0; rank < size; ++rank) {
    processes.push_back(fork());
    if (processes.back() != 0) continue;
    std::byte* mine = returned[static_cast<std::size_t>(rank)];
    try {
      Forked communicator(board, rank, size);
      const Numbers numbers = work(communicator);
      give_back(mine, false, numbers.data(), numbers.size() * sizeof(Number));
    } catch (const std::exception& error) {
      board.give_up();
      const std::string text = message("rank ", rank, ": ", error.what());
      give_back(mine, true, text.data(), text.size());
    }
    std::fflush(nullptr);
    _exit(0);
  }
  std::string errors;
  std::vector<Numbers> all;
  for (std::size_t rank = 0; rank < returned.size(); ++rank) {
    int status = 0;
    waitpid(processes[rank], &status, 0);
    if (status != 0) {
      board.give_up();
      errors += message("rank ", rank, " ended with status ", status, '\n');
    }
    std::size_t bytes = 0;
    std::memcpy(&bytes, returned[rank] + 1, sizeof bytes);
    const auto* data = returned[rank] + 1 + sizeof bytes;
    if (*returned[rank] != std::byte{0}) {
      errors.append(reinterpret_cast<const char*>(data), bytes).append("\n");
    } else {
      Numbers numbers(bytes / sizeof(Number), Number{});
      if (bytes > 0) std::memcpy(numbers.data(), data, bytes);
      all.push_back(numbers);
    }
    munmap(returned[rank], Board::room);
  }
  munmap(&board, Board::bytes(size));
  if (!errors.empty()) fail<Error>(errors);
  return all;
}

}  // namespace lstmlib::test
