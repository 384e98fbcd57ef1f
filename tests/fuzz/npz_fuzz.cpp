// SPDX-License-Identifier: MIT
// Any bytes as an NPZ file: refused with a FormatError, or arrays that are read again from their own file.

#include "lstmlib/io/npz.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lstmlib::io;
  Archive archive;
  try {
    archive = parse_npz(std::as_bytes(std::span(data, size)), "input", {.max_bytes = 1 << 24});
  } catch (const lstmlib::FormatError&) { return 0; }
  const std::vector<std::byte> own = format_npz(archive, Compression::store);
  if (format_npz(parse_npz(own, "own"), Compression::store) != own) std::abort();
  return 0;
}
