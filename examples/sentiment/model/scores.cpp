// SPDX-License-Identifier: MIT
#include "sentiment/model/scores.hpp"

#include <algorithm>
#include <numeric>

namespace sentiment {

void check_sentences(Sentences sentences, Index words, Index classes, std::span<float> result) {
  if (std::ssize(result) != std::ssize(sentences) * classes)
    fail<ShapeError>("scores: room for ", result.size(), " numbers, expected ", sentences.size(), " times ",
                     classes);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].empty()) fail<ShapeError>("scores: sentence ", i, " has no words");
    for (const std::int32_t id : sentences[i])
      if (id < 0 || id >= words)
        fail<ShapeError>("scores: sentence ", i, " has word ", id, ", expected 0 to ", words - 1);
  }
}

std::vector<std::size_t> by_length(Sentences sentences) {
  std::vector<std::size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sentences[a].size() > sentences[b].size(); });
  return order;
}

void layer_scores(const Classifier<float>& classifier, Sentences sentences, Index batch_size,
                  std::span<float> result) {
  const Index classes = classifier.output.weight.shape()[0];
  check_sentences(sentences, classifier.encoder->words(), classes, result);
  const Inference scope;
  const auto order = by_length(sentences);
  const auto step = static_cast<std::size_t>(std::max<Index>(1, batch_size)),
             row = static_cast<std::size_t>(classes);
  for (std::size_t at = 0; at < order.size(); at += step) {
    const std::span<const std::size_t> chosen(order.data() + at, std::min(step, order.size() - at));
    std::vector<std::vector<std::int32_t>> batch;
    for (const std::size_t i : chosen) batch.emplace_back(sentences[i].begin(), sentences[i].end());
    const Tensor<float> part =
        classifier(make_tokens(batch, classifier.output.weight.device())).value().to(Device::cpu());
    for (std::size_t k = 0; k < chosen.size(); ++k)
      std::copy_n(part.values().data() + k * row, row, result.data() + chosen[k] * row);
  }
}

}  // namespace sentiment
