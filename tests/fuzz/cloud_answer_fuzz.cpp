// SPDX-License-Identifier: MIT
// Answers of a cloud: errors in JSON and XML, the state of a job; the files of profiles, times.
#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/error_text.hpp"
#include "sentiment/cloud/profile_file.hpp"
#include "sentiment/cloud/timestamp.hpp"
#include "sentiment/cloud/training_job.hpp"
#include "sentiment/cloud/xml_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sentiment::cloud;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ErrorText error = read_error({.status = 400, .body = text});
  // What is shown of it is one line, and no more of it than that.
  const std::string line = one_line(error.text);
  if (error.code.size() > 103 || line.size() > 603 || line.find_first_of("\n\r\x1b") != std::string::npos)
    std::abort();
  if (const auto xml = parse_xml(text); xml && xml->root.empty()) std::abort();
  try {
    for (const auto& [title, section] : parse_profiles(text)) {
      static_cast<void>(titled(title, "profile"));
      for (const auto& [name, value] : section) nested_values(value);
    }
  } catch (const lstmlib::FormatError&) {  // refused
  }
  parse_timestamp(text);
  try {
    if (JobState::parse(text).status.empty()) std::abort();
  } catch (const lstmlib::Error&) {  // refused
  }
  return 0;
}
