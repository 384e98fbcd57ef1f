// SPDX-License-Identifier: MIT
#pragma once
// A byte stream of known size, read once from front to back by the format readers.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/linkage.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// A byte stream of known size. A read beyond its end throws FormatError "name: byte N: ...".
class Source {
 public:
  Source(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return size_ - position_; }
  const std::string& name() const { return name_; }

  void read(std::span<std::byte> into);
  std::vector<std::byte> read_bytes(std::uint64_t count);

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail_at(position_, parts...);
  }
  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t position, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", position, ": ", parts...);
  }

 protected:
  virtual void fill(std::span<std::byte> into) = 0;  ///< never called for more than remains

 private:
  std::string name_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

/// Reads bytes in memory, owned by the caller.
class MemorySource final : public Source {
 public:
  MemorySource(std::span<const std::byte> bytes, std::string name)
      : Source(std::move(name), bytes.size()), bytes_(bytes) {}

 private:
  LSTMLIB_INLINE void fill(std::span<std::byte> into) override;
  std::span<const std::byte> bytes_;
};

/// Receives bytes in order.
using Sink = std::function<void(std::span<const std::byte>)>;

/// The little-endian unsigned integer at `bytes`, which must hold enough.
template <class T>
T load_little(const std::byte* bytes) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t at = 0; at < sizeof(T); ++at)
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[at]) << (8 * at)));
  return value;
}

/// Appends an unsigned integer in little-endian order.
template <class T>
void append_little(std::vector<std::byte>& bytes, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t at = 0; at < sizeof(T); ++at) bytes.push_back(static_cast<std::byte>(value >> (8 * at)));
}

void append_text(std::vector<std::byte>& bytes, std::string_view text);

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/source.inl"
#endif
