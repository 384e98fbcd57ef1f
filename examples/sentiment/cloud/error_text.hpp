// SPDX-License-Identifier: MIT
#pragma once
// Error messages of services.

#include "sentiment/cloud/http_client.hpp"

#include <cstddef>
#include <string>

namespace sentiment::cloud {

/// Name and text of an error, from JSON, XML or a header of the response.
struct ErrorText {
  std::string code, text;
};
ErrorText read_error(const Answer& answer);

/// Makes external text safe to print: one line of at most `max_length` bytes, without control characters.
std::string one_line(std::string text, std::size_t max_length = 600);

}  // namespace sentiment::cloud
