// SPDX-License-Identifier: MIT
#include "body_fuzz.hpp"
#include "sentiment/serving/read_body.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return sentiment::test::try_body(sentiment::npy_type, data, size);
}
