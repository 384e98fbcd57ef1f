// SPDX-License-Identifier: MIT
#pragma once
// Class scores computed by a classifier's layers, on any device. For models in training, and for those
// without a packed form.

#include "sentiment/model/classifier.hpp"

#include <span>

namespace sentiment {

using Sentences = std::span<const std::span<const std::int32_t>>;

/// Scores before softmax [sentences, classes] of sentences of word ids, in order. Batches have at most
/// `batch_size` sentences of similar length. Throws ShapeError for an empty sentence, an id that is not in
/// the vocabulary, or a result of the wrong size.
void layer_scores(const Classifier<float>& classifier, Sentences sentences, Index batch_size,
                  std::span<float> result);

/// Throws what layer_scores throws.
void check_sentences(Sentences sentences, Index words, Index classes, std::span<float> result);

/// Indices of the sentences, longest first. Sentences of equal length keep their order.
std::vector<std::size_t> by_length(Sentences sentences);

}  // namespace sentiment
