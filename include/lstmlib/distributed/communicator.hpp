// SPDX-License-Identifier: MIT
#pragma once
// The processes that train one model together, as each of them sees them. What connects them is behind the
// interface: nothing (SingleProcess), MPI (distributed/mpi), or NCCL between GPUs (distributed/nccl).

#include "lstmlib/tensor/tensor.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// How float32 numbers travel between processes; sums are computed in float32 either way.
enum class GradientCompression : std::uint8_t {
  none,  ///< as they are
  bf16   ///< rounded to bfloat16 before they leave, and their sum once more: half the bytes
};

/// Work among the processes that goes on beside the caller's. What it writes may be used after wait().
class Work {
 public:
  virtual ~Work() = default;
  /// On a GPU: what the caller asks of the device afterwards waits, not the caller. Once.
  virtual void wait() = 0;
};

/// Calls are collective: every process makes the same ones in the same order, with equal sizes where nothing
/// else is said, from one thread at a time. Where a process is gone, calls of the others throw Error or end
/// the process, as what connects them does it.
class Communicator {
 public:
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  virtual int rank() const = 0;        ///< of this process, from 0
  virtual int size() const = 0;        ///< processes
  virtual int local_rank() const = 0;  ///< among those of this host
  virtual int local_size() const = 0;  ///< processes of this host
  virtual std::string host() const = 0;
  bool is_main_process() const { return rank() == 0; }  ///< the one that writes files and reports
  /// For messages: "rank 2 of 4 (on algo-2)".
  std::string name() const { return message("rank ", rank(), " of ", size(), " (on ", host(), ")"); }

  virtual void barrier() = 0;
  /// Overwrites `bytes`, which all processes have as many of, with those of process `root`.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// What each process gave, by rank, on every process. The numbers of bytes may differ.
  virtual std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) = 0;

  /// Whether the two below work on memory of this device as a part of its stream, so that they may be called
  /// within Backend::run_as_graph; else they wait for the device first.
  virtual bool runs_on(Device device) const { return device.is_cpu(); }
  /// Begins to overwrite `values` with the sums over all processes, the same bits in each.
  virtual std::unique_ptr<Work> all_reduce_async(Tensor<float> values, GradientCompression compression) = 0;
  virtual std::unique_ptr<Work> all_reduce_async(Tensor<double> values) = 0;
  /// Begins to fill `all` with the bytes of every process, one after another by rank: `bytes[r]` of them from
  /// rank r, from `mine`. Both lie on `device`.
  virtual std::unique_ptr<Work> all_gather_async(Device device, const void* mine, void* all,
                                                 std::span<const std::size_t> bytes) = 0;

  /// The sums over all processes, at once.
  template <Real T>
  void all_reduce(Tensor<T> values) {
    if constexpr (std::same_as<T, float>)
      all_reduce_async(std::move(values), GradientCompression::none)->wait();
    else all_reduce_async(std::move(values))->wait();
  }
};

/// One process by itself: nothing is sent, and nothing costs time.
class SingleProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return 0; }
  int local_size() const override { return 1; }
  std::string host() const override { return "this machine"; }
  void barrier() override {}
  void broadcast(std::span<std::byte>, int) override {}
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    return {std::vector<std::byte>(mine.begin(), mine.end())};
  }
  bool runs_on(Device) const override { return true; }
  std::unique_ptr<Work> all_reduce_async(Tensor<float>, GradientCompression) override {
    return std::make_unique<Done>();
  }
  std::unique_ptr<Work> all_reduce_async(Tensor<double>) override { return std::make_unique<Done>(); }
  std::unique_ptr<Work> all_gather_async(Device device, const void* mine, void* all,
                                         std::span<const std::size_t> bytes) override {
    device.backend().copy(device.number(), all, mine, bytes[0]);
    return std::make_unique<Done>();
  }

 private:
  struct Done final : Work {
    void wait() override {}
  };
};

}  // namespace lstmlib::distributed
