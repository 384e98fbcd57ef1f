// SPDX-License-Identifier: MIT
#pragma once
// A trained model made ready to answer; what the commands and the server ask.

#include "lstmlib/base/precision.hpp"
#include "sentiment/model/model_folder.hpp"
#include "sentiment/model/scores.hpp"

namespace sentiment {

struct PredictorOptions {
  Precision precision = Precision::fp32;             ///< of the recurrent weights
  std::size_t table_bytes = std::size_t{256} << 20;  ///< a table of all projected words is left out if it would be larger
  Index batch_size = 64;                             ///< sentences that are computed together, at most
};

/// Immutable, safe to share between threads.
class Predictor {
 public:
  explicit Predictor(TrainedModel model, PredictorOptions options = {});

  const ModelSettings& settings() const { return model_.settings; }
  const Vocabulary& vocabulary() const { return model_.vocabulary; }

  /// Probabilities [sentences, classes], in order, of sentences of word ids, each of which ends with <eos>. Throws
  /// ShapeError for a sentence without ids, for an id that the vocabulary does not have and for a result of another size.
  void probabilities(Sentences sentences, std::span<float> result) const;
  /// The same before softmax.
  void scores(Sentences sentences, std::span<float> result) const;

 private:
  TrainedModel model_;
  PredictorOptions options_;
};

}  // namespace sentiment
