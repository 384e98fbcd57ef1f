// SPDX-License-Identifier: MIT
#pragma once
// The sentences of a request, normalised, in contiguous memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

class Texts {
 public:
  static constexpr std::size_t max_tokens =
      65536;  ///< per sentence, so that a single one cannot block the model for long
  static constexpr std::size_t max_sentences = std::size_t{1} << 20;
  static constexpr std::size_t max_tokens_in_all = std::size_t{1} << 23;  ///< about ten seconds of work

  explicit Texts(bool char_based = false) : char_based_(char_based) {}

  /// Adds a raw UTF-8 sentence, stored as its words or characters joined by spaces. Throws HttpError 413 if
  /// it has more than `max_tokens`, or if the request has too many sentences or tokens.
  void add(std::string_view raw);

  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  /// Number of words or characters.
  std::size_t tokens(std::size_t i) const { return tokens_[i]; }
  bool char_based() const { return char_based_; }
  /// Bytes of memory in use.
  std::size_t bytes() const {
    return text_.capacity() + ends_.capacity() * sizeof(std::size_t) +
           tokens_.capacity() * sizeof(std::uint32_t);
  }

  /// Calls `each(word)` for the words or characters of a sentence, in order.
  template <class Each>
  void for_each_token(std::size_t i, const Each& each) const {
    std::string_view rest = (*this)[i];
    for (std::size_t token = 0; token < tokens_[i]; ++token) {
      const std::size_t length = char_based_ ? character_length(rest) : std::min(rest.find(' '), rest.size());
      each(rest.substr(0, length));
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
  }

  /// Whether the response must be an object, like the request.
  bool instances = false;

 private:
  static std::size_t character_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.empty() ? '\0' : text[0]);
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  }
  std::size_t add_ascii(std::string_view raw);
  std::size_t add_any(std::string_view raw);

  bool char_based_;
  std::string text_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint32_t> tokens_;
  std::size_t tokens_in_all_ = 0;
};

}  // namespace sentiment
