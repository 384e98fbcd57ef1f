// SPDX-License-Identifier: MIT
// Any bytes as a file of a training container's configuration: refused with a FormatError that begins with
// the file's name, or settings as they may be.

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/training/job/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

template <class Parse>
void attempt(Parse parse) {
  try {
    parse();
  } catch (const lstmlib::FormatError& error) {
    const std::string_view text = error.what();
    if (!text.starts_with("file: ") || !lstmlib::io::is_utf8(text)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sentiment::job;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    for (const auto& [name, value] : parse_hyperparameters(json, "file"))
      if (name.starts_with("sagemaker_") || !lstmlib::io::is_utf8(value)) std::abort();
  });
  attempt([&] { parse_channels(json, "file"); });
  attempt([&] { parse_resources(json, "file"); });
  attempt([&] { service_setting(json, "file", "sagemaker_mpi_num_of_processes_per_host"); });
  attempt([&] { parse_host_list(json, "file"); });
  return 0;
}
