// SPDX-License-Identifier: MIT
#pragma once
// The words that a model knows and their ids, by the rules of the reference, oddities included.

#include "lstmlib/base/index.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sentiment {

struct VocabularyLimits {
  lstmlib::Index max_size = 20000;   ///< entries, the two marks included
  lstmlib::Index min_frequency = 2;  ///< a word that occurs more rarely is unknown
};

/// Words with their ids, in the order of their file. Two marks are always there: `<eos>`, which ends a
/// sentence, and
/// `<unk>`, which stands for all other words.
class Vocabulary {
 public:
  using Entry = std::pair<std::string, std::int32_t>;

  /// Entries as a file gives them. Throws FormatError for ids that are not in 0 to entries - 1, a word twice,
  /// a word that is not UTF-8, or no `<eos>` or `<unk>`. One id may stand twice, see `build`.
  explicit Vocabulary(std::vector<Entry> entries);

  /// `<eos>` 0, `<unk>` 1, then the words by falling count, ties by code points, up to the limits. As in the
  /// reference, a word of the corpus that reads `<eos>` or `<unk>` takes the mark's entry over with a new id,
  /// and the next word gets the same id again.
  static Vocabulary build(const std::vector<std::vector<std::string>>& sentences,
                          const VocabularyLimits& limits = {});

  /// Number of entries: the rows of an embedding.
  lstmlib::Index size() const { return static_cast<lstmlib::Index>(entries_.size()); }
  const std::vector<Entry>& entries() const { return entries_; }

  /// The id of a word, or that of `<unk>`.
  std::int32_t id(std::string_view word) const;
  /// Whether the word has an id of its own.
  bool knows(std::string_view word) const { return id(word) != unknown_; }

  /// The ids of a raw sentence, normalised and split into words or characters, with `<eos>` at the end: never
  /// empty.
  std::vector<std::int32_t> ids(std::string_view sentence, bool char_based = false) const;
  /// The same of tokens.
  std::vector<std::int32_t> ids(const std::vector<std::string>& tokens) const;

  bool operator==(const Vocabulary& other) const { return entries_ == other.entries_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> id_of_;
  std::int32_t end_ = 0, unknown_ = 0;
};

}  // namespace sentiment
