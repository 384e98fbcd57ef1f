// SPDX-License-Identifier: MIT
#include "sentiment/data/text/normalize.hpp"

#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/text/unicode.hpp"

namespace sentiment {

std::string normalize(std::string_view sentence) {
  if (lstmlib::io::is_utf8(sentence)) return lower(strip(sentence));
  const std::string decoded = decode_utf8(sentence);
  return lower(strip(decoded));
}

std::vector<std::string> tokens(std::string_view sentence, bool char_based) {
  const std::string text = normalize(sentence);
  if (char_based) return characters(text);
  const auto words = split(text);
  return {words.begin(), words.end()};
}

std::string normalized_words(std::string_view sentence) {
  const std::string text = normalize(sentence);
  std::string joined;
  for (const std::string_view word : split(text)) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return joined;
}

}  // namespace sentiment
