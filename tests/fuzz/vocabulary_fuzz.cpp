// SPDX-License-Identifier: MIT
// Any bytes as a vocab.json: refused with a FormatError, or a vocabulary that its own file gives back.

#include "lstmlib/base/error.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  try {
    const auto vocabulary = sentiment::parse_vocabulary_json(json, "input");
    const auto again = sentiment::parse_vocabulary_json(sentiment::vocabulary_json(vocabulary), "own");
    if (!(again == vocabulary)) std::abort();
    for (const auto id : vocabulary.ids(json.substr(0, 100)))
      if (id < 0 || id >= vocabulary.size()) std::abort();  // else a row outside the embedding
  } catch (const lstmlib::FormatError&) {}
  return 0;
}
