// SPDX-License-Identifier: MIT
#pragma once
// Errors that only kernels can detect, such as an id outside a table. They are recorded and thrown by the
// next call that waits for the device.

#include "lstmlib/backend/cuda/stream.hpp"

#include <cstdint>
#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

enum class DataError : std::uint8_t { none, embedding_id, label, accuracy_label, index, class_label };

/// Where kernels record an error (data_errors.cuh). The first kernel to report wins, and of its errors the
/// one at the lowest index. So the result does not depend on the order of threads.
struct DataErrorWord {
  std::uint64_t kind_and_bound;   ///< kind in the upper 8 bits, then the bound; 0: no error
  std::uint64_t place_and_value;  ///< 32 bits each
};

/// The error word of a device, in pinned memory. The device accesses it only to write an error, and the host
/// reads it without a copy.
class DataErrors {
 public:
  DataErrors() {
    void* data = nullptr;
    check(cudaMallocHost(&data, sizeof(DataErrorWord)), "pinned memory");
    word_ = static_cast<DataErrorWord*>(data);
    clear();
  }
  DataErrors(const DataErrors&) = delete;
  DataErrors& operator=(const DataErrors&) = delete;
  ~DataErrors() { (void)cudaFreeHost(word_); }

  DataErrorWord* word() const { return word_; }
  /// Call it when the device is idle. Throws IndexError if a kernel reported an error, and clears the error.
  void throw_reported() {
    const DataErrorWord seen = *word_;
    if (seen.kind_and_bound == 0) return;
    clear();
    const auto kind = static_cast<DataError>(seen.kind_and_bound >> 56);
    const auto bound = static_cast<std::int64_t>(seen.kind_and_bound & ((std::uint64_t{1} << 56) - 1));
    const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(seen.place_and_value));
    const char* what = kind == DataError::label            ? "softmax_cross_entropy: label "
                       : kind == DataError::accuracy_label ? "accuracy: label "
                       : kind == DataError::index          ? "index_select or gather: id "
                       : kind == DataError::class_label    ? "loss over classes: label "
                                                           : "embedding: id ";
    fail<IndexError>(what, value, ", expected 0 to ", bound - 1);
  }

 private:
  void clear() { *word_ = {0, ~std::uint64_t{0}}; }

  DataErrorWord* word_;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
