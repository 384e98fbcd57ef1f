// SPDX-License-Identifier: MIT
// Any bytes as an NPY file, pickled objects included: refused with a FormatError, or an array whose parts go
// together and that is read again from its own file.

#include "lstmlib/io/npy.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lstmlib::io;
  Array array;
  try {
    array = parse_npy(std::as_bytes(std::span(data, size)), "input");
  } catch (const lstmlib::FormatError&) { return 0; }
  array.check();
  // Written files are in one form, so from here on bytes must stay equal; arrays may not be, for NaN.
  const std::vector<std::byte> own = format_npy(array);
  if (format_npy(parse_npy(own, "own")) != own) std::abort();
  if (array.dtype == ArrayDtype::unicode) {
    try {
      for (const std::string& text : array.strings())
        if (!is_utf8(text)) std::abort();
    } catch (const lstmlib::FormatError&) {}
  }
  return 0;
}
