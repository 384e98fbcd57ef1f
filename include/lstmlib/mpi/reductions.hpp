// SPDX-License-Identifier: MIT
#pragma once
// Sums and gathers over MPI's processes, as operations that go on beside the caller.

#include "lstmlib/base/bfloat16.hpp"
#include "lstmlib/mpi/transfers.hpp"
#include "lstmlib/tensor/tensor.hpp"

#include <algorithm>
#include <span>

namespace lstmlib::mpi::detail {

inline constexpr std::size_t largest_count = std::size_t{1} << 30;  // MPI counts in int

/// Owns a copy of an MPI communicator. Errors are returned, not fatal.
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

/// Where the parts of each process lie, one after another, as MPI wants it. Throws Error where they are more
/// than MPI can count.
struct Places {
  template <class Sizes>
  explicit Places(const Sizes& sizes) {
    for (const auto size : sizes) {
      if (size > largest_count || total + size > largest_count)
        fail<Error>("gather: more than ", largest_count, " bytes from ", sizes.size(), " processes");
      starts.push_back(static_cast<int>(total));
      counts.push_back(static_cast<int>(size));
      total += static_cast<std::size_t>(size);
    }
  }
  std::vector<int> counts, starts;
  std::size_t total = 0;
};

/// The sum in place, by MPI's own means. They give all processes the same bits: each element is summed in one
/// place and passed on, or in the same order everywhere.
template <Real T>
class Sum final : public Transfer {
 public:
  Sum(const Processes& processes, Tensor<T> values) : processes_(processes), values_(std::move(values)) {}
  void start(Requests& requests) override {
    const auto type = std::same_as<T, float> ? MPI_FLOAT : MPI_DOUBLE;
    const std::span<T> values = values_.values();
    for (std::size_t at = 0; at < values.size(); at += largest_count) {
      const auto count = static_cast<int>(std::min(largest_count, values.size() - at));
      check(MPI_Iallreduce(MPI_IN_PLACE, values.data() + at, count, type, MPI_SUM, processes_.handle,
                           &requests.emplace_back(MPI_REQUEST_NULL)),
            "MPI_Iallreduce");
    }
  }

 private:
  const Processes& processes_;
  Tensor<T> values_;
};

/// The sum in place, sent as bfloat16: each process gets one part of all addends, sums it in float32, and
/// sends the rounded sum to all. Two roundings whatever the number of processes, and the same bits in each.
class RoundedSum final : public Transfer {
 public:
  RoundedSum(const Processes& first, const Processes& second, Tensor<float> values)
      : first_(first), second_(second), values_(std::move(values)) {
    const auto elements = static_cast<std::size_t>(values_.size()), n = static_cast<std::size_t>(first.size);
    part_ = (elements + n - 1) / n;
    if (part_ > largest_count) fail<Error>("sum: more than ", largest_count, " elements for each process");
    sent_.resize(part_ * n);
    received_.resize(part_ * n);
    summed_.resize(part_);
  }
  void start(Requests& requests) override {
    const std::span<const float> values = std::as_const(values_).values();
    std::transform(values.begin(), values.end(), sent_.begin(), to_bfloat16);
    const auto count = static_cast<int>(part_);
    check(MPI_Ialltoall(sent_.data(), count, MPI_UINT16_T, received_.data(), count, MPI_UINT16_T,
                        first_.handle, &requests.emplace_back(MPI_REQUEST_NULL)),
          "MPI_Ialltoall");
  }
  void go_on(Requests& requests) override {
    for (std::size_t at = 0; at < part_; ++at) {
      float sum = 0;
      for (std::size_t from = at; from < received_.size(); from += part_)
        sum += from_bfloat16(received_[from]);
      summed_[at] = to_bfloat16(sum);
    }
    const auto count = static_cast<int>(part_);
    check(MPI_Iallgather(summed_.data(), count, MPI_UINT16_T, sent_.data(), count, MPI_UINT16_T,
                         second_.handle, &requests.emplace_back(MPI_REQUEST_NULL)),
          "MPI_Iallgather");
  }
  void finish() override {
    const std::span<float> values = values_.values();
    std::transform(sent_.begin(), sent_.begin() + values_.size(), values.begin(), from_bfloat16);
  }

 private:
  const Processes &first_, &second_;
  Tensor<float> values_;
  std::size_t part_;  // elements that each process sums
  std::vector<std::uint16_t> sent_, received_, summed_;
};

/// The bytes of all processes, one after another. Refers to the memory.
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
