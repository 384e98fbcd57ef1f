// SPDX-License-Identifier: MIT
#include "sentiment/model/predictor.hpp"

#include <algorithm>
#include <cmath>

namespace sentiment {

namespace {

/// Exponentials of what lies below the largest score cannot overflow.
void softmax(std::span<float> row) {
  const float largest = *std::max_element(row.begin(), row.end());
  float sum = 0;
  for (float& x : row) sum += x = std::exp(x - largest);
  for (float& x : row) x /= sum;
}

}  // namespace

Predictor::Predictor(TrainedModel model, PredictorOptions options) : model_(std::move(model)), options_(options) {
  if (options_.precision != Precision::fp32)
    fail<Error>("predictor: precision ", name_of(options_.precision), " is not there for this model");
}

void Predictor::scores(Sentences sentences, std::span<float> result) const {
  layer_scores(model_.classifier, sentences, options_.batch_size, result);
}

void Predictor::probabilities(Sentences sentences, std::span<float> result) const {
  scores(sentences, result);
  const auto row = static_cast<std::size_t>(model_.settings.classes);
  for (std::size_t i = 0; i < sentences.size(); ++i) softmax(result.subspan(i * row, row));
}

}  // namespace sentiment
