// SPDX-License-Identifier: MIT
#pragma once
// Device cache: numbers copied from the host once and kept, for example with the SequenceLayout they derive
// from.

#include "lstmlib/base/index.hpp"
#include "lstmlib/backend/cuda/context.hpp"

#include <optional>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <class Number>
class DeviceCache {
 public:
  /// Allocates memory for `count` numbers.
  DeviceCache(Context& context, std::size_t count)
      : context_(&context),
        bytes_(count * sizeof(Number)),
        data_(static_cast<Number*>(context.allocate(bytes_))) {}
  DeviceCache(DeviceCache&& other) noexcept
      : context_(other.context_),
        bytes_(other.bytes_),
        data_(std::exchange(other.data_, nullptr)),
        capture_(other.capture_) {}
  DeviceCache& operator=(DeviceCache&&) = delete;
  ~DeviceCache() {
    if (data_) context_->release(data_, bytes_);
  }

  const Number* data() const { return data_; }
  /// Copies the `count` numbers that `numbers()` returns, unless that was done before. Repeats the copy if it
  /// was part of a graph that never ran.
  template <class Numbers>
  void fill(Numbers numbers) const {
    if (capture_ && !context_->stream.abandoned(*capture_)) return;
    const auto made = numbers();
    context_->staging.copy(data_, made.data(), bytes_);
    capture_ = context_->stream.capture();
  }

 private:
  Context* context_;  // lives until the program ends, like all back ends
  std::size_t bytes_;
  Number* data_;
  mutable std::optional<std::size_t> capture_;  ///< capture that contains the copy; 0: outside a capture
};

}  // namespace lstmlib::cuda
