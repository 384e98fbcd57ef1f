// SPDX-License-Identifier: MIT
#pragma once
// Collects sentences of word ids for the model. Reuses its memory.

#include "sentiment/model/predictor.hpp"
#include "sentiment/serving/texts.hpp"

#include <limits>
#include <span>
#include <vector>

namespace sentiment {

class IdBatch {
 public:
  static constexpr std::size_t none = (std::numeric_limits<std::size_t>::max)();

  void clear() {
    ids_.clear();
    ends_.clear();
  }
  /// Adds a sentence, leaving out word number `without`.
  void add(const Texts& texts, std::size_t sentence, const Vocabulary& vocabulary,
           std::size_t without = none) {
    std::size_t number = 0;
    texts.for_each_token(sentence, [&](std::string_view word) {
      if (number++ != without) ids_.push_back(vocabulary.id(word));
    });
    ids_.push_back(vocabulary.id("<eos>"));
    ends_.push_back(ids_.size());
  }
  /// [sentences, classes]; valid until the next call.
  std::span<float> probabilities(const Predictor& predictor) {
    sentences_.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      sentences_.push_back(std::span<const std::int32_t>(ids_).subspan(begin, end - begin));
      begin = end;
    }
    probabilities_.resize(ends_.size() * static_cast<std::size_t>(predictor.settings().classes));
    predictor.probabilities(sentences_, probabilities_);
    return probabilities_;
  }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::size_t> ends_;
  std::vector<std::span<const std::int32_t>> sentences_;
  std::vector<float> probabilities_;
};

}  // namespace sentiment
