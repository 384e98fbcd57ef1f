// SPDX-License-Identifier: MIT
// Any bytes as a pickle: refused with a FormatError, or a value that its own pickle gives back. Of an NPY
// file (which inputs may begin with, as seeds) the pickle behind the head is taken.

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/pickle_reader.hpp"
#include "lstmlib/io/pickle_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0 && data[0] == 0x93) {
    const auto* behind = std::find(data, data + size, '\n');
    if (behind == data + size) return 0;
    size -= static_cast<std::size_t>(behind + 1 - data);
    data = behind + 1;
  }
  namespace io = lstmlib::io;
  std::vector<std::byte> written;
  try {
    written = io::format_pickle(io::parse_pickle(std::as_bytes(std::span(data, size)), "input"));
  } catch (const lstmlib::FormatError&) { return 0; }
  // Compared as bytes, where NaN equals itself. An exception here ends the program, which the fuzzer reports.
  if (io::format_pickle(io::parse_pickle(written, "own")) != written) std::abort();
  return 0;
}
