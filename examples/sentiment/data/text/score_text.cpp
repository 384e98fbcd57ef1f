// SPDX-License-Identifier: MIT
#include "sentiment/data/text/score_text.hpp"

#include <charconv>

namespace sentiment {

std::string score_text(float score) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<double>(score)).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace sentiment
