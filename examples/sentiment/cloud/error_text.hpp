// SPDX-License-Identifier: MIT
#pragma once
// What a service says where it refuses.

#include "sentiment/cloud/http_client.hpp"

#include <cstddef>
#include <string>

namespace sentiment::cloud {

/// The name and the text of an error, as the services write them in JSON, in XML or in a header.
struct ErrorText {
  std::string code, text;
};
ErrorText read_error(const Answer& answer);

/// Text of others on one line of at most `most` bytes, without what would act on a terminal.
std::string one_line(std::string text, std::size_t most = 600);

}  // namespace sentiment::cloud
