// SPDX-License-Identifier: MIT
#include "sentiment/data/text/vocabulary.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/text/normalize.hpp"

#include <algorithm>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;
using lstmlib::Index;

constexpr std::string_view end_mark = "<eos>", unknown_mark = "<unk>";

}  // namespace

Vocabulary::Vocabulary(std::vector<Entry> entries) : entries_(std::move(entries)) {
  id_of_.reserve(entries_.size());
  for (const auto& [word, id] : entries_) {
    if (!lstmlib::io::is_utf8(word)) fail<FormatError>("vocabulary: the word with id ", id, " is not UTF-8");
    if (id < 0 || id >= size())
      fail<FormatError>("vocabulary: id ", id, " of '", word, "' is not in 0 to ", size() - 1, " (", size(),
                        " words)");
    if (!id_of_.emplace(word, id).second)
      fail<FormatError>("vocabulary: the word '", word, "' appears twice");
  }
  for (const std::string_view mark : {end_mark, unknown_mark}) {
    if (!id_of_.contains(mark))
      fail<FormatError>("vocabulary: no entry '", mark, "' among ", size(), " words");
  }
  end_ = id(end_mark);
  unknown_ = id_of_.find(unknown_mark)->second;
}

Vocabulary Vocabulary::build(const std::vector<std::vector<std::string>>& sentences,
                             const VocabularyLimits& limits) {
  std::unordered_map<std::string_view, Index> count_of;
  for (const auto& sentence : sentences) {
    for (const std::string& word : sentence) ++count_of[word];
  }
  std::vector<std::pair<std::string_view, Index>> counts(count_of.begin(), count_of.end());
  std::sort(counts.begin(), counts.end(), [](const auto& left, const auto& right) {
    // Comparing UTF-8 bytes gives the order of code points.
    return left.second != right.second ? left.second > right.second : left.first < right.first;
  });

  std::vector<Entry> entries = {{std::string(end_mark), 0}, {std::string(unknown_mark), 1}};
  for (const auto& [word, count] : counts) {
    const auto next = static_cast<Index>(entries.size());
    if (next >= limits.max_size || count < limits.min_frequency) break;
    const auto id = static_cast<std::int32_t>(next);
    if (word == end_mark) entries[0].second = id;
    else if (word == unknown_mark) entries[1].second = id;
    else entries.emplace_back(word, id);
  }
  // If a mark was taken over last, its id would be beyond the embedding's last row, where training by the
  // Chainer scripts fails.
  for (auto& [word, id] : entries) id = (std::min)(id, static_cast<std::int32_t>(entries.size()) - 1);
  return Vocabulary(std::move(entries));
}

std::int32_t Vocabulary::id(std::string_view word) const {
  const auto found = id_of_.find(word);
  return found == id_of_.end() ? unknown_ : found->second;
}

std::vector<std::int32_t> Vocabulary::ids(std::string_view sentence, bool char_based) const {
  return ids(tokens(sentence, char_based));
}

std::vector<std::int32_t> Vocabulary::ids(const std::vector<std::string>& tokens) const {
  std::vector<std::int32_t> numbers;
  numbers.reserve(tokens.size() + 1);
  for (const std::string& token : tokens) numbers.push_back(id(token));
  numbers.push_back(end_);
  return numbers;
}

}  // namespace sentiment
