// SPDX-License-Identifier: MIT
#include "sentiment/commands/notebook_sentences.hpp"

#include "sentiment/data/corpus/corpus.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <algorithm>

namespace sentiment {
namespace {

/// Removes the next line with its end from the text and returns it.
std::string_view take_whole_line(std::string_view& text) {
  const std::string_view line = text.substr(0, (std::min)(text.find('\n'), text.size() - 1) + 1);
  text.remove_prefix(line.size());
  return line;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string lines_of(const LabelledPart& part) {
  std::string text;
  for (const auto& sentence : part.sentences)
    text += std::to_string(sentence.label) + " " + sentence.text + "\n";
  return text;
}

}  // namespace

const std::vector<std::string>& example_sentences() {
  static const std::vector<std::string> sentences{
      "A warm and funny film with a heart as big as its cast .",
      "The jokes are stale , the plot drags , and nobody seems to care .",
      "Not a single dull moment , and a wonderful ending ."};
  return sentences;
}

LabelledLines read_lines(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed) {
  if (dataset.format == DatasetFormat::built_in) return {corpus::train(), corpus::test()};
  const auto text_of = [&](const DatasetFile& file) {
    const auto path = obtain_file(file, places);
    return TextDecoder(path.string()).decode(read_text(path));
  };
  if (dataset.format == DatasetFormat::lines && !dataset.divided())
    return {text_of(dataset.train), text_of(dataset.test)};
  const LabelledData data = load_dataset(dataset, places, seed);
  return {lines_of(data.train), lines_of(data.test)};
}

std::vector<std::string> first_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < count) {
    std::string_view line = take_whole_line(text);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::string> first_sentences(std::string_view text, std::size_t characters) {
  std::vector<std::string> sentences;
  for (std::size_t seen = 0; !text.empty() && seen <= characters;) {
    std::string_view line = take_whole_line(text);
    seen += code_points(line);
    do line.remove_prefix(1);
    while (!line.empty() && (line.front() & 0xC0) == 0x80);
    sentences.emplace_back(strip(line));
  }
  return sentences;
}

}  // namespace sentiment
