// SPDX-License-Identifier: MIT
#include "sentiment/data/corpus/corpus.hpp"
#include "sentiment/data/labelled_text.hpp"
#include "sentiment/data/text/unicode.hpp"
#include "support.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

using namespace sentiment;

namespace {

struct Sentence {
  std::string line;  ///< label and words
  std::string split;
  std::vector<std::string_view> words;
};

/// All sentences of the three files. The texts outlive them.
std::vector<Sentence> all_sentences() {
  static const std::map<std::string, std::string> texts = {
      {"train", corpus::train()}, {"dev", corpus::dev()}, {"test", corpus::test()}};
  std::vector<Sentence> sentences;
  for (const auto& [name, text] : texts) {
    for (const std::string_view line : lines(text)) {
      auto words = split(line);
      if (!words.empty()) words.erase(words.begin());
      sentences.push_back({std::string(line), name, std::move(words)});
    }
  }
  return sentences;
}

/// The sequences of three words, each once.
std::set<std::string> triples(const std::vector<std::string_view>& words) {
  std::set<std::string> found;
  for (std::size_t at = 0; at + 2 < words.size(); ++at)
    found.insert(std::string(words[at]) + ' ' + std::string(words[at + 1]) + ' ' +
                 std::string(words[at + 2]));
  return found;
}

/// Words in common, as often as they occur, as a share of the longer sentence.
double overlap(std::vector<std::string_view> left, std::vector<std::string_view> right) {
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  std::vector<std::string_view> common;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(common));
  return static_cast<double>(common.size()) / static_cast<double>((std::max)(left.size(), right.size()));
}

}  // namespace

TEST_CASE("the corpus has at least 1,500 sentences in three parts, and no sentence twice") {
  const auto sentences = all_sentences();
  CHECK(sentences.size() >= 1500);
  std::map<std::string, std::size_t> sizes;
  std::set<std::vector<std::string_view>> distinct;
  for (const auto& sentence : sentences) {
    ++sizes[sentence.split];
    CHECK_MESSAGE(distinct.insert(sentence.words).second, "twice: ", sentence.line);
  }
  CHECK(sizes["train"] >= 1000);
  CHECK(sizes["dev"] >= 150);
  CHECK(sizes["test"] >= 300);
}

TEST_CASE("every line is a label and words in lower-case ASCII with single spaces") {
  for (const auto& sentence : all_sentences()) {
    const std::string& line = sentence.line;
    CAPTURE(line);
    CHECK((line.starts_with("0 ") || line.starts_with("1 ")));
    CHECK(std::all_of(line.begin(), line.end(),
                      [](char c) { return c >= ' ' && c <= '~' && !(c >= 'A' && c <= 'Z'); }));
    CHECK(line.find("  ") == std::string::npos);
    CHECK(line.back() != ' ');
    CHECK(sentence.words.size() >= 3);
  }
}

TEST_CASE("the corpus has at least 3,000 distinct words") {
  std::set<std::string_view> words;
  const auto sentences = all_sentences();
  for (const auto& sentence : sentences) words.insert(sentence.words.begin(), sentence.words.end());
  CHECK(words.size() >= 3000);
}

TEST_CASE("the labels of each part are balanced") {
  std::map<std::string, std::pair<double, double>> positives;
  for (const auto& sentence : all_sentences()) {
    auto& [good, all] = positives[sentence.split];
    good += sentence.line[0] == '1';
    ++all;
  }
  for (const auto& item : positives) {
    CAPTURE(item.first);
    const double share = item.second.first / item.second.second;
    CHECK(share > 0.45);
    CHECK(share < 0.55);
  }
}

TEST_CASE("no two sentences share more than half of their sequences of three words") {
  const auto sentences = all_sentences();
  std::vector<std::size_t> sizes;
  std::unordered_map<std::string, std::vector<std::size_t>> sentences_with;
  for (std::size_t at = 0; at < sentences.size(); ++at) {
    const auto found = triples(sentences[at].words);
    sizes.push_back(found.size());
    for (const auto& triple : found) sentences_with[triple].push_back(at);
  }
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> shared;
  for (const auto& item : sentences_with) {
    for (std::size_t left = 0; left < item.second.size(); ++left) {
      for (std::size_t right = left + 1; right < item.second.size(); ++right)
        ++shared[{item.second[left], item.second[right]}];
    }
  }
  for (const auto& item : shared) {
    const auto [left, right] = item.first;
    const std::string pair = sentences[left].line + " | " + sentences[right].line;
    CHECK_MESSAGE(2 * item.second <= (std::min)(sizes[left], sizes[right]), pair);
  }
}

TEST_CASE(
    "there are at least 100 contrast pairs, each of nearly the same words, opposite labels and one part") {
  const auto sentences = all_sentences();
  std::map<std::string, const Sentence*> by_line;
  for (const auto& sentence : sentences) by_line[sentence.line] = &sentence;
  const std::string text = corpus::pairs();
  const auto pairs = lines(text);
  CHECK(pairs.size() >= 100);
  std::set<std::string_view> distinct(pairs.begin(), pairs.end());
  CHECK(distinct.size() == pairs.size());
  for (const std::string_view pair : pairs) {
    CAPTURE(std::string(pair));
    const auto tab = pair.find('\t');
    REQUIRE(tab != std::string_view::npos);
    const auto left = by_line.find(std::string(pair.substr(0, tab))),
               right = by_line.find(std::string(pair.substr(tab + 1)));
    REQUIRE(left != by_line.end());
    REQUIRE(right != by_line.end());
    CHECK(left->first[0] != right->first[0]);
    CHECK(left->second->split == right->second->split);
    CHECK(overlap(left->second->words, right->second->words) >= 0.6);
  }
}
