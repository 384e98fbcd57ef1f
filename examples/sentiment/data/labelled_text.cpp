// SPDX-License-Identifier: MIT
#include "sentiment/data/labelled_text.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <algorithm>
#include <set>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;

/// A short excerpt of a file on one line, for messages.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string shown = "'";
  std::size_t count = 0;
  for (const std::string& character : characters(text)) {
    if (++count > longest) return shown + "...'";
    shown += static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7F ? "?" : character;
  }
  return shown + "'";
}

}  // namespace

std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, const std::string& name) {
  TextDecoder decoder(name);
  return parse_labelled_text(bytes, decoder);
}

std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, TextDecoder& decoder) {
  constexpr std::size_t shortest_line = 3;
  const std::string& name = decoder.name();
  const std::string text = decoder.decode(bytes);
  std::vector<LabelledSentence> sentences;
  std::size_t number = 0;
  for (const std::string_view line : lines(text)) {
    ++number;
    const std::string_view stripped = strip(line);
    if (length(stripped) < shortest_line) continue;
    const std::string_view label_text = split(stripped).front();
    LabelledSentence sentence;
    sentence.line = number;
    if (!parse_integer(label_text, sentence.label)) {
      fail<FormatError>(name, ":", number, ": label ", quoted(label_text),
                        " is not an integer of 32 bits; a line is a ", "label, a space and a sentence");
    }
    sentence.text = strip(stripped.substr(label_text.size()));
    if (sentence.text.empty())
      fail<FormatError>(name, ":", number, ": no sentence after the label ", quoted(label_text));
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

std::vector<LabelledSentence> read_labelled_text(const std::filesystem::path& file,
                                                 const TextOptions& options) {
  const std::string bytes = read_text(file);
  const std::pair<std::string_view, std::string_view> others[] = {{"PK\x03\x04", "an .npz or other ZIP file"},
                                                                  {"\x93NUMPY", "an .npy file"},
                                                                  {"\x1F\x8B", "compressed by gzip"}};
  for (const auto& [begin, kind] : others)
    if (bytes.starts_with(begin))
      fail<FormatError>(file.string(), ": is ", kind,
                        "; expected text, a label, a space and a sentence a line");
  TextDecoder decoder(file.string(), options);
  auto sentences = parse_labelled_text(bytes, decoder);
  decoder.report();
  if (sentences.empty()) {
    const bool blank = strip(decode_utf8(bytes)).empty();
    fail<FormatError>(file.string(), ": no labelled sentence in it (",
                      blank ? "the file is empty" : "labels alone",
                      "); a line is a label, a space and a sentence");
  }
  return sentences;
}

std::int32_t count_classes(const std::vector<LabelledSentence>& train, const std::string& name) {
  std::set<std::int32_t> labels;
  for (const auto& sentence : train) {
    if (sentence.label < 0)
      fail<FormatError>(name, ":", sentence.line, ": label ", sentence.label,
                        " is negative; labels count from 0");
    labels.insert(sentence.label);
  }
  std::int32_t expected = 0;
  for (const std::int32_t label : labels) {
    if (label != expected)
      fail<FormatError>(name, ": class ", expected, " has no sentence, but there is a label ",
                        *labels.rbegin(), "; labels count from 0 without gaps");
    ++expected;
  }
  if (expected < 2)
    fail<FormatError>(name, ": all sentences have label 0; a classifier needs two classes or more");
  return expected;
}

void check_labels(const std::vector<LabelledSentence>& sentences, std::int32_t classes,
                  const std::string& name) {
  for (const auto& sentence : sentences) {
    if (sentence.label < 0 || sentence.label >= classes)
      fail<FormatError>(name, ":", sentence.line, ": label ", sentence.label,
                        " is not a class of the training data (0 to ", classes - 1, ")");
  }
}

}  // namespace sentiment
