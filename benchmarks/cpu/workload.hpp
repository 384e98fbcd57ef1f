// SPDX-License-Identifier: MIT
#pragma once
// The workload that all sides share: sentences of a file ("label word word ..."), or made sentences of given
// sizes. workload.py has the same for the sides in Python.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace workload {

inline constexpr std::int32_t end_of_sentence = 0, unknown_word = 1;

struct Sentence {
  std::vector<std::int32_t> words;  ///< ends with end_of_sentence
  std::int32_t label;
};

struct Corpus {
  std::vector<Sentence> train, test;
  std::int32_t words;  ///< of the vocabulary: those that occur at least twice in `train`, at most 20,000
};

namespace detail {

using Text = std::vector<std::pair<std::vector<std::string>, std::int32_t>>;

inline Text read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Text text;
  for (std::string line; std::getline(file, line);) {
    std::transform(line.begin(), line.end(), line.begin(),
                   [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; });
    std::istringstream parts(line);
    std::int32_t label = 0;
    if (!(parts >> label)) continue;
    std::vector<std::string> words;
    for (std::string word; parts >> word;) words.push_back(word);
    if (!words.empty()) text.emplace_back(std::move(words), label);
  }
  if (text.empty()) throw std::runtime_error(path + ": no line of the form \"label word word ...\"");
  return text;
}

inline std::map<std::string, std::int32_t> make_vocabulary(const Text& text) {
  constexpr std::int32_t least_count = 2, max_words = 20000;
  std::map<std::string, std::int32_t> counts;
  for (const auto& [words, label] : text)
    for (const auto& word : words) ++counts[word];
  std::vector<std::pair<std::int32_t, std::string>> by_count;
  for (const auto& [word, count] : counts)
    if (count >= least_count) by_count.emplace_back(-count, word);
  std::sort(by_count.begin(), by_count.end());
  std::map<std::string, std::int32_t> vocabulary;
  for (const auto& [count, word] : by_count) {
    const auto id = static_cast<std::int32_t>(vocabulary.size()) + 2;
    if (id < max_words) vocabulary[word] = id;
  }
  return vocabulary;
}

inline std::vector<Sentence> numbered(const Text& text,
                                      const std::map<std::string, std::int32_t>& vocabulary) {
  std::vector<Sentence> sentences;
  for (const auto& [words, label] : text) {
    Sentence sentence{{}, label};
    for (const auto& word : words) {
      const auto found = vocabulary.find(word);
      sentence.words.push_back(found == vocabulary.end() ? unknown_word : found->second);
    }
    sentence.words.push_back(end_of_sentence);
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace detail

/// Throws std::runtime_error naming a file that cannot be used.
inline Corpus read_corpus(const std::string& train, const std::string& test) {
  const auto train_text = detail::read_text(train);
  const auto vocabulary = detail::make_vocabulary(train_text);
  return {detail::numbered(train_text, vocabulary), detail::numbered(detail::read_text(test), vocabulary),
          static_cast<std::int32_t>(vocabulary.size()) + 2};
}

/// Numbers that are the same on all sides: a linear congruence modulo 2^32.
class Random {
 public:
  double uniform() {  // 0 to below 1
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<double>(state_ >> 8) / 16777216.0;
  }

 private:
  std::uint32_t state_ = 1;
};

/// Made sentences; `length` 0: lengths like those of film reviews, about 20 words, 44 the longest of 64.
inline std::vector<Sentence> made_sentences(std::size_t count, std::size_t length, std::int32_t words) {
  Random random;
  std::vector<Sentence> sentences(count);
  std::int32_t label = 0;
  for (Sentence& sentence : sentences) {
    const std::size_t size =
        length ? length : 3 + static_cast<std::size_t>(42 * std::pow(random.uniform(), 1.43));
    for (std::size_t i = 0; i < size; ++i)  // few words are frequent
      sentence.words.push_back(static_cast<std::int32_t>(std::pow(random.uniform(), 3) * words));
    sentence.label = label ^= 1;
  }
  return sentences;
}

/// What a step of training depends on. One of them varies in the scaling plots, the others stay as here.
struct StepSizes {
  std::int32_t hidden = 300, batch = 64, length = 0, words = 7142;
};

/// The points of the scaling plots: the name of what varies, and its values.
struct Sweep {
  const char* name;
  std::int32_t StepSizes::*size;
  std::vector<std::int32_t> values;
};
inline std::vector<Sweep> sweeps(bool quick) {
  if (quick) return {{"hidden", &StepSizes::hidden, {32, 64}}, {"batch", &StepSizes::batch, {1, 16}}};
  return {{"hidden", &StepSizes::hidden, {64, 128, 300, 512, 1024}},
          {"batch", &StepSizes::batch, {1, 4, 16, 64, 256}},
          {"length", &StepSizes::length, {5, 10, 20, 50, 100}},
          {"words", &StepSizes::words, {1000, 5000, 10000, 20000}}};
}

/// Steps, batch and units of the bare layers.
struct LayerSizes {
  std::int32_t steps, batch, hidden;
  std::string name() const {
    return "T" + std::to_string(steps) + " B" + std::to_string(batch) + " H" + std::to_string(hidden);
  }
};
inline std::vector<LayerSizes> layer_sizes(bool quick) {
  if (quick) return {{5, 4, 32}, {5, 1, 64}};
  return {{20, 64, 300}, {50, 64, 300}, {100, 64, 512}, {100, 1, 300}, {100, 1, 1024}, {100, 16, 128}};
}
/// One that takes so long that it is a part of its own.
inline std::vector<LayerSizes> large_layer_sizes(bool quick) {
  if (quick) return {{8, 8, 64}};
  return {{256, 128, 1024}};
}
/// Lengths of sequences from `steps` down to an eighth of it, evenly spread.
inline std::vector<std::int32_t> spread_lengths(LayerSizes s) {
  std::vector<std::int32_t> lengths;
  const double least = std::max(1, s.steps / 8);
  for (std::int32_t i = 0; i < s.batch; ++i)
    lengths.push_back(
        static_cast<std::int32_t>(s.steps - (s.steps - least) * i / std::max(1, s.batch - 1) + 0.5));
  return lengths;
}

}  // namespace workload
