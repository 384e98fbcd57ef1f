// SPDX-License-Identifier: MIT
#pragma once
// The processes that train one model together, as each process sees them. Implementations: SingleProcess, MPI
// (distributed/mpi), and NCCL between GPUs (distributed/nccl).

#include "lstmlib/tensor/tensor.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// How float32 numbers are sent between processes. Sums are computed in float32 in both cases.
enum class GradientCompression : std::uint8_t {
  none,  ///< not rounded
  bf16   ///< rounded to bfloat16 before sending, and the sum once more: half the bytes
};

/// A collective call under way. Its results may be used after wait().
class Work {
 public:
  virtual ~Work() = default;
  /// Call it once. With a GPU, later work of the device waits for the call, and the calling thread does not.
  virtual void wait() = 0;
};

/// The processes of a run. All calls are collective: every process makes the same calls in the same order,
/// from one thread at a time, with equal sizes unless stated otherwise. If a process is gone, calls of the
/// others throw Error or end the process, depending on the implementation.
///
///     Tensor<float> count = Tensor<float>::from({1}, {1});
///     all.all_reduce(count);  // count is now all.size() in every process
///     if (all.is_main_process()) std::cout << count.item() << " processes\n";
class Communicator {
 public:
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  virtual int rank() const = 0;        ///< number of this process, from 0
  virtual int size() const = 0;        ///< number of processes
  virtual int local_rank() const = 0;  ///< number of this process among those of its host
  virtual int local_size() const = 0;  ///< number of processes on this host
  virtual std::string host() const = 0;
  bool is_main_process() const { return rank() == 0; }  ///< whether it writes files and reports
  /// For messages: "rank 2 of 4 (on algo-2)".
  std::string name() const { return message("rank ", rank(), " of ", size(), " (on ", host(), ")"); }

  virtual void barrier() = 0;
  /// Overwrites `bytes` with those of process `root`. All spans have the same size.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// The bytes of all processes by rank. Their sizes may differ.
  virtual std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) = 0;

  /// Whether the two functions below enqueue their work on this device, so that they may be called within
  /// Backend::run_as_graph. Otherwise they wait for the device first.
  virtual bool runs_on(Device device) const { return device.is_cpu(); }
  /// Starts to overwrite `values` with the sums over all processes, which have the same bits in each.
  virtual std::unique_ptr<Work> all_reduce_async(Tensor<float> values, GradientCompression compression) = 0;
  virtual std::unique_ptr<Work> all_reduce_async(Tensor<double> values) = 0;
  /// Starts to fill `all` with the bytes of all processes in the order of ranks: `bytes[r]` bytes from `mine`
  /// of rank r. Both pointers are on `device`.
  virtual std::unique_ptr<Work> all_gather_async(Device device, const void* mine, void* all,
                                                 std::span<const std::size_t> bytes) = 0;

  /// Overwrites `values` with the sums over all processes, and waits for that.
  template <Real T>
  void all_reduce(Tensor<T> values) {
    if constexpr (std::same_as<T, float>)
      all_reduce_async(std::move(values), GradientCompression::none)->wait();
    else all_reduce_async(std::move(values))->wait();
  }
};

/// A single process. Communicates nothing.
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
