// SPDX-License-Identifier: MIT
#pragma once
// Predictions by a trained model.

#include "sentiment/data/prepared.hpp"
#include "sentiment/model/predictor.hpp"
#include "sentiment/data/text/score_text.hpp"

#include <span>
#include <string>
#include <vector>

namespace sentiment {

struct Prediction {
  std::string sentence;              ///< normalised: its words, or characters, joined by spaces
  std::int32_t label = 0;            ///< the most probable class; the first one if several are equal
  float score = 0;                   ///< its probability
  std::vector<float> probabilities;  ///< of all classes
};

/// One prediction per raw sentence, in order.
std::vector<Prediction> predict(const Predictor& predictor, std::span<const std::string> sentences);

struct Evaluation {
  Index correct = 0, total = 0;
  double loss = 0;                            ///< mean softmax cross entropy over the sentences
  std::vector<std::vector<Index>> confusion;  ///< [true class][predicted class]

  double accuracy() const { return total ? static_cast<double>(correct) / static_cast<double>(total) : 0; }
};

/// Throws FormatError for a label that the model does not have.
Evaluation evaluate(const Predictor& predictor, const PreparedData& data);
/// The same for a model in training, on any device.
Evaluation evaluate(const Classifier<float>& classifier, const PreparedData& data, Index batch_size = 64);

}  // namespace sentiment
