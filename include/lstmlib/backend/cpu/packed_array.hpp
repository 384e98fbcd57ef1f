// SPDX-License-Identifier: MIT
#pragma once
// Memory of weights and caches that are written once and read often.

#include "lstmlib/backend/cpu/memory.hpp"
#include "lstmlib/base/index.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Initialised to zeros.
template <class T>
class PackedArray {
 public:
  PackedArray() = default;
  explicit PackedArray(Index count) : data_(nullptr, Free{static_cast<std::size_t>(count) * sizeof(T)}) {
    data_.reset(static_cast<T*>(SystemMemory::take(bytes())));
    std::uninitialized_value_construct_n(data_.get(), count);
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t bytes() const { return data_.get_deleter().bytes; }

 private:
  struct Free {
    std::size_t bytes = 0;
    void operator()(T* data) const { SystemMemory::give_back(data, bytes); }
  };
  std::unique_ptr<T, Free> data_;
};

}  // namespace lstmlib::cpu
