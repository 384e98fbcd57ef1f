// SPDX-License-Identifier: MIT
#pragma once
// The vocabulary of a model, with the rules of the Chainer scripts, oddities included.

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
  lstmlib::Index max_size = 20000;   ///< entries, including the two marks
  lstmlib::Index min_frequency = 2;  ///< rarer words are unknown
};

/// Words with their ids, in the order of the file. Always contains two marks: `<eos>` ends a sentence, and
/// `<unk>` replaces unknown words.
class Vocabulary {
 public:
  using Entry = std::pair<std::string, std::int32_t>;

  /// Entries from a file. Throws FormatError for ids that are not in 0 to entries - 1, a repeated word, a
  /// word that is not UTF-8, or a missing mark. An id may occur twice, see `build`.
  explicit Vocabulary(std::vector<Entry> entries);

  /// Builds a vocabulary: `<eos>` 0, `<unk>` 1, then words by descending count (ties by code points) up to
  /// the limits. Follows the Chainer scripts if a word in the corpus equals a mark: it takes over the mark's
  /// entry with a new id, and the next word gets the same id again.
  static Vocabulary build(const std::vector<std::vector<std::string>>& sentences,
                          const VocabularyLimits& limits = {});

  /// Number of entries: rows of an embedding.
  lstmlib::Index size() const { return static_cast<lstmlib::Index>(entries_.size()); }
  const std::vector<Entry>& entries() const { return entries_; }

  /// The id of a word, or that of `<unk>`.
  std::int32_t id(std::string_view word) const;
  /// Whether the word is in the vocabulary.
  bool knows(std::string_view word) const { return id(word) != unknown_; }

  /// The ids of a raw sentence, normalised and split into words or characters, followed by `<eos>`. Never
  /// empty.
  std::vector<std::int32_t> ids(std::string_view sentence, bool char_based = false) const;
  /// The same for tokens.
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
