// SPDX-License-Identifier: MIT
#pragma once
// A dataset of sequences of word ids, each with a label.

#include "lstmlib/data/dataset.hpp"
#include "lstmlib/tensor/ragged.hpp"

#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// A batch of sentences with their labels.
struct LabelledTokens {
  Tokens tokens;                ///< values [words of all sentences]
  Tensor<std::int32_t> labels;  ///< [sentences]
};

/// A dataset in memory: sequences of word ids, each with a label.
///
///     const data::LabelledSequences dataset({{4, 8, 1}, {7, 2}}, {1, 0});
class LabelledSequences {
 public:
  /// Throws ShapeError if the numbers of sequences and labels differ or a sequence is empty.
  LabelledSequences(std::vector<std::vector<std::int32_t>> sequences, std::vector<std::int32_t> labels)
      : sequences_(std::move(sequences)), labels_(std::move(labels)) {
    if (sequences_.size() != labels_.size())
      fail<ShapeError>("dataset: ", sequences_.size(), " sequences, ", labels_.size(), " labels");
    for (std::size_t row = 0; row < sequences_.size(); ++row)
      if (sequences_[row].empty()) fail<ShapeError>("dataset: sequence ", row, " is empty");
  }

  Index size() const { return static_cast<Index>(sequences_.size()); }
  Index length(Index row) const { return static_cast<Index>(sequence(row).size()); }
  /// Like length() and batch(), these throw IndexError if the row does not exist.
  const std::vector<std::int32_t>& sequence(Index row) const { return sequences_[checked(row)]; }
  std::int32_t label(Index row) const { return labels_[checked(row)]; }
  LabelledTokens batch(std::span<const Index> rows, Device device) const {
    std::vector<std::int32_t> words, labels;
    std::vector<Index> lengths;
    for (const Index row : rows) {
      words.insert(words.end(), sequence(row).begin(), sequence(row).end());
      lengths.push_back(length(row));
      labels.push_back(label(row));
    }
    auto layout = std::make_shared<const SequenceLayout>(lengths);
    const Index count = layout->rows();
    return {{Tensor<std::int32_t>::from(words, {count}, device), std::move(layout)},
            Tensor<std::int32_t>::from(labels, {static_cast<Index>(rows.size())}, device)};
  }

 private:
  std::size_t checked(Index row) const {
    if (row < 0 || row >= size()) fail<IndexError>("dataset: row ", row, ", expected 0 to ", size() - 1);
    return static_cast<std::size_t>(row);
  }

  std::vector<std::vector<std::int32_t>> sequences_;
  std::vector<std::int32_t> labels_;
};

}  // namespace lstmlib::data
