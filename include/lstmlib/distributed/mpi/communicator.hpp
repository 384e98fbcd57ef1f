// SPDX-License-Identifier: MIT
#pragma once
// Processes connected by MPI, on one host or many.

#include "lstmlib/distributed/mpi/reductions.hpp"
#include "lstmlib/distributed/communicator.hpp"

#include <functional>

namespace lstmlib::inline LSTMLIB_ABI::mpi {

/// Uses its own duplicate of an MPI communicator, so that its messages cannot mix with others. Tensors on a
/// GPU go through host memory. Constructing is collective. MPI must be initialized before (see mpi/run.hpp),
/// with MPI_THREAD_SERIALIZED or more if all-reduces are to run while the caller computes.
///
///     mpi::MpiCommunicator all;  // after MPI_Init_thread
///     distributed::ParallelUpdater updater(all, batches, model, optimizer, objective);
class MpiCommunicator final : public distributed::Communicator {
 public:
  explicit MpiCommunicator(MPI_Comm processes = MPI_COMM_WORLD)
      : world_(processes), second_(processes), transfers_(may_use_a_thread()) {
    MPI_Comm here;
    detail::check(MPI_Comm_split_type(processes, MPI_COMM_TYPE_SHARED, world_.rank, MPI_INFO_NULL, &here),
                  "MPI_Comm_split_type");
    MPI_Comm_rank(here, &local_rank_);
    MPI_Comm_size(here, &local_size_);
    MPI_Comm_free(&here);
    char name[MPI_MAX_PROCESSOR_NAME] = {};
    int length = 0;
    MPI_Get_processor_name(name, &length);
    host_.assign(name, static_cast<std::size_t>(length));
  }

  int rank() const override { return world_.rank; }
  int size() const override { return world_.size; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }
  std::string host() const override { return host_; }

  void barrier() override {
    const std::lock_guard lock(transfers_.mutex());
    detail::check(MPI_Barrier(world_.handle), "MPI_Barrier");
  }
  void broadcast(std::span<std::byte> bytes, int root) override {
    const std::lock_guard lock(transfers_.mutex());
    for (std::size_t at = 0; at < bytes.size(); at += largest) {
      const auto count = static_cast<int>(std::min(largest, bytes.size() - at));
      detail::check(MPI_Bcast(bytes.data() + at, count, MPI_BYTE, root, world_.handle), "MPI_Bcast");
    }
  }
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override;

  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<float> values,
                                                      distributed::GradientCompression compression) override {
    Tensor<float> host = values.to(Device::cpu());
    if (size() == 1) return begin(nullptr, {});
    if (compression == distributed::GradientCompression::bf16)
      return begin(std::make_unique<detail::Sum<float, std::uint16_t>>(world_, second_, host),
                   copy_back(values, host));
    return begin(std::make_unique<detail::Sum<float>>(world_, second_, host), copy_back(values, host));
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<double> values) override {
    Tensor<double> host = values.to(Device::cpu());
    if (size() == 1) return begin(nullptr, {});
    return begin(std::make_unique<detail::Sum<double>>(world_, second_, host), copy_back(values, host));
  }
  std::unique_ptr<distributed::Work> all_gather_async(Device device, const void* mine, void* all,
                                                      std::span<const std::size_t> bytes) override;

 private:
  static constexpr std::size_t largest = detail::largest_count;

  /// For tensors on a GPU, wait() copies the result back to the device.
  class Started final : public distributed::Work {
   public:
    Started(detail::Transfers& transfers, std::shared_ptr<detail::Transfers::Entry> entry,
            std::function<void()> after)
        : transfers_(&transfers), entry_(std::move(entry)), after_(std::move(after)) {}
    void wait() override {
      if (entry_) transfers_->wait(*entry_);
      if (after_) after_();
    }

   private:
    detail::Transfers* transfers_;
    std::shared_ptr<detail::Transfers::Entry> entry_;
    std::function<void()> after_;
  };

  static bool may_use_a_thread() {
    int level = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    return level >= MPI_THREAD_SERIALIZED;
  }
  template <Real T>
  static std::function<void()> copy_back(Tensor<T> values, Tensor<T> host) {
    if (values.device().is_cpu()) return {};
    return [values, host]() mutable { values.assign(host); };
  }
  std::unique_ptr<distributed::Work> begin(std::unique_ptr<detail::Transfer> transfer,
                                           std::function<void()> after) {
    return std::make_unique<Started>(transfers_, transfer ? transfers_.start(std::move(transfer)) : nullptr,
                                     std::move(after));
  }

  detail::Processes world_, second_;  // second_: separate order of calls for second parts of operations
  detail::Transfers transfers_;
  int local_rank_ = 0, local_size_ = 1;
  std::string host_;
};

inline std::vector<std::vector<std::byte>> MpiCommunicator::all_gather(std::span<const std::byte> mine) {
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(size()));
  const std::uint64_t my_size = mine.size();
  const std::lock_guard lock(transfers_.mutex());
  detail::check(MPI_Allgather(&my_size, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, world_.handle),
                "MPI_Allgather");
  const detail::Places places(sizes);
  std::vector<std::byte> bytes(places.total);
  detail::check(MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), MPI_BYTE, bytes.data(),
                               places.counts.data(), places.starts.data(), MPI_BYTE, world_.handle),
                "MPI_Allgatherv");
  std::vector<std::vector<std::byte>> parts;
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    const auto begin = bytes.begin() + places.starts[r];
    parts.emplace_back(begin, begin + places.counts[r]);
  }
  return parts;
}

inline std::unique_ptr<distributed::Work> MpiCommunicator::all_gather_async(
    Device device, const void* mine, void* all, std::span<const std::size_t> bytes) {
  const detail::Places places(bytes);
  if (device.is_cpu()) return begin(std::make_unique<detail::Gather>(world_, mine, all, places), {});
  const auto host_mine = std::make_shared<std::vector<std::byte>>(bytes[static_cast<std::size_t>(rank())]);
  const auto host_all = std::make_shared<std::vector<std::byte>>(places.total);
  Backend& backend = device.backend();
  backend.copy_to_host(device.number(), host_mine->data(), mine, host_mine->size());
  return begin(std::make_unique<detail::Gather>(world_, host_mine->data(), host_all->data(), places),
               [&backend, device, host_mine, host_all, all] {
                 backend.copy_from_host(device.number(), all, host_all->data(), host_all->size());
               });
}

}  // namespace lstmlib::mpi
