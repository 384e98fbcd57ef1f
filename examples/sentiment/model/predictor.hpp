// SPDX-License-Identifier: MIT
#pragma once
// A trained model packed for inference, as used by the commands and the server.

#include "sentiment/model/model_folder.hpp"
#include "sentiment/model/scores.hpp"

#include <memory>
#include <optional>

namespace sentiment {

struct PredictorOptions {
  Precision precision = Precision::fp32;  ///< of recurrent weights; other models only have fp32
  std::size_t projection_cache_bytes =
      std::size_t{256} << 20;  ///< limit of the cache of input projections; if larger, there is no cache
  Index batch_size = 64;       ///< sentences at a time, for models without recurrent layers and on a GPU
  std::string device = "cpu";  ///< see find_device
};

/// Immutable; threads may share it.
class Predictor {
 public:
  /// Throws Error if the model does not have the precision on the device.
  explicit Predictor(TrainedModel model, PredictorOptions options = {});

  const ModelSettings& settings() const { return settings_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Probabilities [sentences, classes] of sentences of word ids, each ending with <eos>, in order. Throws
  /// ShapeError for an empty sentence, an id that is not in the vocabulary, or a result of the wrong size.
  void probabilities(Sentences sentences, std::span<float> result) const;
  /// Scores before softmax, likewise.
  void scores(Sentences sentences, std::span<float> result) const;

 private:
  ModelSettings settings_;
  Vocabulary vocabulary_;
  Index batch_size_;
  std::optional<nn::InferenceRnn> encoder_;          ///< recurrent model on the CPU, with
  std::vector<float> weight_, bias_;                 ///< its output layer [classes, units], [classes]
  std::unique_ptr<const Classifier<float>> layers_;  ///< any other model, or on a GPU
};

}  // namespace sentiment
