// SPDX-License-Identifier: MIT
// Any bytes as text in any encoding: refused by its byte order mark, or the same lines whether they are decoded one by
// one or as a whole; the strict decoder refuses what the other leaves out, and nothing else.

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/text/decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sentiment;

void expect(bool truth) {
  if (!truth) std::abort();
}

void try_text(const std::string& bytes, Encoding encoding) {
  TextDecoder whole("input", {encoding});
  const std::string text = whole.decode(bytes);
  expect(lstmlib::io::is_utf8(text));
  TextDecoder decoder("input", {encoding});
  std::istringstream stream(bytes);
  LineReader lines(stream, decoder);
  std::string_view rest = text;
  for (std::string line; lines.next(line);) {
    // A last line of nothing but what was left out is one of the stream's.
    expect(take_line(rest) == line);
  }
  expect(rest.empty());
  expect(decoder.dropped() == whole.dropped());
  bool refused = false;
  try {
    TextDecoder("input", {encoding, true}).decode(bytes);
  } catch (const lstmlib::FormatError&) { refused = true; }
  expect(refused == (whole.dropped() > 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const Encoding encoding : {Encoding::utf8, Encoding::latin1, Encoding::cp1252}) {
    try {
      try_text(bytes, encoding);
    } catch (const lstmlib::FormatError&) {}  // a byte order mark of another encoding
  }
  return 0;
}
