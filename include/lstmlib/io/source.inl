// SPDX-License-Identifier: MIT
#pragma once
// Byte streams. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/source.hpp"

#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_INLINE void Source::read(std::span<std::byte> into) {
  if (into.size() > remaining()) fail_here("ends here, ", into.size() - remaining(), " bytes too early");
  fill(into);
  position_ += into.size();
}

LSTMLIB_INLINE std::vector<std::byte> Source::read_bytes(std::uint64_t count) {
  if (count > remaining()) fail_here("ends here, ", count - remaining(), " bytes too early");
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  read(bytes);
  return bytes;
}

LSTMLIB_INLINE void MemorySource::fill(std::span<std::byte> into) {
  if (!into.empty()) std::memcpy(into.data(), bytes_.data() + position(), into.size());
}

LSTMLIB_INLINE void append_text(std::vector<std::byte>& bytes, std::string_view text) {
  const auto from = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), from.begin(), from.end());
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
