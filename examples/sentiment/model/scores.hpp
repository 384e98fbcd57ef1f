// SPDX-License-Identifier: MIT
#pragma once
// Class scores by the layers of a classifier themselves, on any device: for models in training, and for those
// that have no faster form.

#include "sentiment/model/classifier.hpp"

#include <span>

namespace sentiment {

using Sentences = std::span<const std::span<const std::int32_t>>;

/// Scores before softmax [sentences, classes], in order, of sentences of word ids. Batches are made of
/// sentences of near-equal length, `batch_size` at most. Throws ShapeError for a sentence without ids, for an
/// id that the vocabulary does not have and for a result of another size.
void layer_scores(const Classifier<float>& classifier, Sentences sentences, Index batch_size,
                  std::span<float> result);

/// Throws as layer_scores says.
void check_sentences(Sentences sentences, Index words, Index classes, std::span<float> result);

/// The sentences' numbers, longest first, those of equal length in order.
std::vector<std::size_t> by_length(Sentences sentences);

}  // namespace sentiment
