// SPDX-License-Identifier: MIT
// Any bytes as an args.json: refused with a FormatError, or settings in their ranges that their own file
// gives back.

#include "lstmlib/base/error.hpp"
#include "sentiment/model/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  sentiment::ModelSettings settings;
  try {
    settings = sentiment::parse_settings_json(json, "input");
  } catch (const lstmlib::FormatError&) { return 0; }
  // What was taken once is taken again: an exception here ends the program, which the fuzzer reports.
  sentiment::check_settings(settings, "taken");
  if (!(sentiment::parse_settings_json(sentiment::settings_json(settings), "own") == settings)) std::abort();
  if (!(sentiment::parameter_count(settings, 20000) > 0)) std::abort();
  return 0;
}
