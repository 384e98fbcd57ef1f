// SPDX-License-Identifier: MIT
#pragma once
// A trained model made ready to answer; what the commands and the server ask.

#include "sentiment/model/model_folder.hpp"
#include "sentiment/model/scores.hpp"

#include <memory>
#include <optional>

namespace sentiment {

struct PredictorOptions {
  Precision precision = Precision::fp32;  ///< of recurrent weights; other models have fp32 only
  std::size_t projection_cache_bytes = std::size_t{256}
                            << 20;  ///< a table of all words' sums is left out if it would be larger
  Index batch_size = 64;            ///< of models without recurrent layers, and on a GPU: sentences at a time
  std::string device = "cpu";       ///< see find_device
};

/// Immutable, safe to share between threads.
class Predictor {
 public:
  /// Throws Error for a precision that the model does not have on the device.
  explicit Predictor(TrainedModel model, PredictorOptions options = {});

  const ModelSettings& settings() const { return settings_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Probabilities [sentences, classes], in order, of sentences of word ids, each of which ends with <eos>.
  /// Throws ShapeError for a sentence without ids, for an id that the vocabulary does not have and for a
  /// result of another size.
  void probabilities(Sentences sentences, std::span<float> result) const;
  /// The same before softmax.
  void scores(Sentences sentences, std::span<float> result) const;

 private:
  ModelSettings settings_;
  Vocabulary vocabulary_;
  Index batch_size_;
  std::optional<nn::InferenceRnn> encoder_;       ///< of a recurrent model,
  std::vector<float> weight_, bias_;                 ///< and its output layer [classes, units], [classes]
  std::unique_ptr<const Classifier<float>> layers_;  ///< of any other, and on a GPU
};

}  // namespace sentiment
