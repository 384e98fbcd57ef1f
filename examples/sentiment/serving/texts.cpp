// SPDX-License-Identifier: MIT
#include "sentiment/serving/texts.hpp"

#include "lstmlib/serve/message.hpp"
#include "sentiment/data/text/normalize.hpp"

namespace sentiment {

namespace {

bool is_space(char c) { return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20); }
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

void Texts::add(std::string_view raw) {
  if (size() == max_sentences)
    throw lstmlib::serve::HttpError(
        413, lstmlib::message("more than ", max_sentences, " sentences; please send fewer at a time"));
  bool ascii = true;
  for (const char c : raw) ascii &= static_cast<unsigned char>(c) < 0x80;
  const std::size_t tokens = ascii ? add_ascii(raw) : add_any(raw);
  if (tokens > max_tokens)
    throw lstmlib::serve::HttpError(413, lstmlib::message("sentence ", size() + 1, " has ", tokens,
                                                          " words or characters, the limit is ", max_tokens));
  if ((tokens_in_all_ += tokens) > max_tokens_in_all)
    throw lstmlib::serve::HttpError(
        413, lstmlib::message("up to sentence ", size() + 1, " there are more than ", max_tokens_in_all,
                              " words or characters; please send fewer at a time"));
  ends_.push_back(text_.size());
  tokens_.push_back(static_cast<std::uint32_t>(tokens));
}

/// The same as `add_any` for ASCII, without Unicode tables.
std::size_t Texts::add_ascii(std::string_view raw) {
  while (!raw.empty() && is_space(raw.front())) raw.remove_prefix(1);
  while (!raw.empty() && is_space(raw.back())) raw.remove_suffix(1);
  std::size_t tokens = 0;
  if (char_based_) {
    for (const char c : raw) {
      if (tokens++ > 0) text_ += ' ';
      text_ += lowered(c);
    }
    return tokens;
  }
  bool inside = false;
  for (const char c : raw) {
    const bool space = is_space(c);
    if (!space && !inside && tokens++ > 0) text_ += ' ';
    if (!space) text_ += lowered(c);
    inside = !space;
  }
  return tokens;
}

std::size_t Texts::add_any(std::string_view raw) {
  const auto found = sentiment::tokens(raw, char_based_);
  for (const auto& token : found) {
    if (&token != found.data()) text_ += ' ';
    text_ += token;
  }
  return found.size();
}

}  // namespace sentiment
