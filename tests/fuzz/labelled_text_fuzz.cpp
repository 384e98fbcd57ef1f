// SPDX-License-Identifier: MIT
// Any bytes as a file of labelled sentences: refused with a FormatError, or sentences that are clean text and
// that the same lines, written anew, give back.

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/labelled_text.hpp"
#include "sentiment/data/text/normalize.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<sentiment::LabelledSentence> sentences;
  try {
    sentences = sentiment::parse_labelled_text(bytes, "input");
  } catch (const lstmlib::FormatError&) { return 0; }
  std::string written;
  std::size_t line = 0;
  for (const auto& sentence : sentences) {
    if (sentence.text.empty() || !lstmlib::io::is_utf8(sentence.text)) std::abort();
    if (!lstmlib::io::is_utf8(sentiment::normalized_words(sentence.text))) std::abort();
    while (++line < sentence.line) written += '\n';
    written += std::to_string(sentence.label) + ' ' + sentence.text + '\n';
  }
  if (!(sentiment::parse_labelled_text(written, "own") == sentences)) std::abort();

  try {
    const auto classes = sentiment::count_classes(sentences, "input");
    sentiment::check_labels(sentences, classes, "input");
  } catch (const lstmlib::FormatError&) {}
  return 0;
}
