// SPDX-License-Identifier: MIT
#pragma once
// All-reduce and all-gather over MPI, as operations that run while the caller computes.

#include "lstmlib/base/bfloat16.hpp"
#include "lstmlib/distributed/mpi/transfers.hpp"
#include "lstmlib/tensor/tensor.hpp"

#include <algorithm>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI::mpi::detail {

inline constexpr std::size_t largest_count = std::size_t{1} << 30;  // MPI counts in int

/// Owns a duplicate of an MPI communicator. MPI returns errors instead of aborting.
struct Processes {
  explicit Processes(MPI_Comm from) {
    check(MPI_Comm_dup(from, &handle), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(handle, MPI_ERRORS_RETURN);
    MPI_Comm_rank(handle, &rank);
    MPI_Comm_size(handle, &size);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  ~Processes() {
    int over = 0;
    MPI_Finalized(&over);
    if (!over) MPI_Comm_free(&handle);
  }
  MPI_Comm handle = MPI_COMM_NULL;
  int rank = 0, size = 1;
};

/// Sizes and offsets of the parts of all processes, in the format of MPI. Throws Error if they exceed the
/// range of MPI's counts.
struct Places {
  template <class Sizes>
  explicit Places(const Sizes& sizes) {
    for (const auto size : sizes) {
      if (size > largest_count || total + size > largest_count)
        fail<Error>("more than ", largest_count, " bytes or numbers for ", sizes.size(),
                    " processes at once");
      starts.push_back(static_cast<int>(total));
      counts.push_back(static_cast<int>(size));
      total += static_cast<std::size_t>(size);
    }
  }
  std::vector<int> counts, starts;
  std::size_t total = 0;
};

/// All-reduce in place. Each process gets one part of all addends, adds them in the order of ranks, and sends
/// the sum to all others. So all have the same bits, and each sends and receives 2 (n - 1) / n of the values.
/// OpenMPI's in-place all-reduce uses a tree whose root sends them log2(n) times. Numbers are sent as `Sent`:
/// T, or std::uint16_t for bfloat16, which rounds twice for any number of processes.
template <Real T, class Sent = T>
class Sum final : public Transfer {
 public:
  Sum(const Processes& first, const Processes& second, Tensor<T> values)
      : first_(first),
        second_(second),
        values_(std::move(values)),
        parts_(sizes_of_parts()),
        to_others_(without_mine(parts_.counts)),
        from_others_(without_mine(std::vector(parts_.counts.size(), mine()))),
        received_(std::make_unique_for_overwrite<Sent[]>(from_others_.total)) {
    if constexpr (rounded) sent_ = std::make_unique_for_overwrite<Sent[]>(parts_.total);
  }
  void start(Requests& requests) override {
    if constexpr (rounded) {
      const std::span<const T> values = values_.values();
      std::transform(values.begin(), values.end(), sent_.get(), to_bfloat16);
    }
    check(MPI_Ialltoallv(sent(), to_others_.data(), parts_.starts.data(), type(), received_.get(),
                         from_others_.counts.data(), from_others_.starts.data(), type(), first_.handle,
                         &requests.emplace_back(MPI_REQUEST_NULL)),
          "MPI_Ialltoallv");
  }
  void go_on(Requests& requests) override {
    Sent* const own = sent() + parts_.starts[static_cast<std::size_t>(first_.rank)];
    const auto sum = std::make_unique<T[]>(mine());
    const Sent* of_others = received_.get();
    for (int rank = 0; rank < first_.size; ++rank) {
      const Sent* addend = rank == first_.rank ? own : std::exchange(of_others, of_others + mine());
      for (std::size_t i = 0; i < mine(); ++i) sum[i] += to_value(addend[i]);
    }
    std::transform(sum.get(), sum.get() + mine(), own, to_sent);
    check(MPI_Iallgatherv(MPI_IN_PLACE, 0, type(), sent(), parts_.counts.data(), parts_.starts.data(), type(),
                          second_.handle, &requests.emplace_back(MPI_REQUEST_NULL)),
          "MPI_Iallgatherv");
  }
  void finish() override {
    if constexpr (rounded)
      std::transform(sent_.get(), sent_.get() + parts_.total, values_.mutable_values().begin(),
                     from_bfloat16);
  }

 private:
  static constexpr bool rounded = !std::same_as<Sent, T>;
  static MPI_Datatype type() {
    if constexpr (rounded) return MPI_UINT16_T;
    else return std::same_as<T, float> ? MPI_FLOAT : MPI_DOUBLE;
  }
  static T to_value(Sent number) {
    if constexpr (rounded) return from_bfloat16(number);
    else return number;
  }
  static Sent to_sent(T value) {
    if constexpr (rounded) return to_bfloat16(value);
    else return value;
  }
  /// Number of elements of each rank's part, as equal as possible.
  std::vector<std::size_t> sizes_of_parts() const {
    const auto n = static_cast<std::size_t>(first_.size), all = static_cast<std::size_t>(values_.size());
    std::vector<std::size_t> sizes;
    for (std::size_t rank = 0; rank < n; ++rank) sizes.push_back(all * (rank + 1) / n - all * rank / n);
    return sizes;
  }
  std::size_t mine() const {
    return static_cast<std::size_t>(parts_.counts[static_cast<std::size_t>(first_.rank)]);
  }
  template <class Size>
  std::vector<Size> without_mine(std::vector<Size> sizes) const {
    sizes[static_cast<std::size_t>(first_.rank)] = 0;
    return sizes;
  }
  /// The send buffer: the values themselves, or the rounded ones.
  Sent* sent() {
    if constexpr (rounded) return sent_.get();
    else return values_.mutable_values().data();
  }

  const Processes &first_, &second_;
  Tensor<T> values_;
  Places parts_;                // of the values
  std::vector<int> to_others_;  // sizes of the parts; own part: 0
  Places from_others_;          // the others' copies of this process's part
  std::unique_ptr<Sent[]> sent_, received_;
};

/// All-gather of bytes. Keeps references to the memory.
class Gather final : public Transfer {
 public:
  Gather(const Processes& processes, const void* mine, void* all, Places places)
      : processes_(processes), mine_(mine), all_(all), places_(std::move(places)) {}
  void start(Requests& requests) override {
    check(MPI_Iallgatherv(mine_, places_.counts[static_cast<std::size_t>(processes_.rank)], MPI_BYTE, all_,
                          places_.counts.data(), places_.starts.data(), MPI_BYTE, processes_.handle,
                          &requests.emplace_back(MPI_REQUEST_NULL)),
          "MPI_Iallgatherv");
  }

 private:
  const Processes& processes_;
  const void* mine_;
  void* all_;
  Places places_;
};

}  // namespace lstmlib::mpi::detail
