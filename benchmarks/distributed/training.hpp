// SPDX-License-Identifier: MIT
#pragma once
// The classifier, its data and its updaters, as `sentiment train` has them, for one process or several.

#include "model.hpp"
#include "workload.hpp"

#include <lstmlib/data/iterator.hpp>
#include <lstmlib/data/sequences.hpp>
#include <lstmlib/distributed/updater.hpp>
#include <lstmlib/train/updater.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace side {

inline data::LabelledSequences dataset(const std::vector<workload::Sentence>& sentences) {
  std::vector<std::vector<std::int32_t>> words;
  std::vector<std::int32_t> labels;
  for (const auto& sentence : sentences) {
    words.push_back(sentence.words);
    labels.push_back(sentence.label);
  }
  return {std::move(words), std::move(labels)};
}

struct Sizes {
  Index words = 7142, units = 300, layers = 1, batch = 64;
  std::uint64_t seed = 1;  ///< of the order of the sentences
};

using Batches = data::SerialIterator<data::LabelledSequences>;

/// A model in training: what an updater needs. Refers to the sentences.
struct Parts {
  Classifier model;
  optim::Adam adam{model};
  Batches batches;
  Index words_of_last_batch = 0;

  Parts(const data::LabelledSequences& sentences, Sizes sizes)
      : model(sizes.words, sizes.units, Precision::fp32, sizes.layers),
        batches(sentences, {.batch_size = sizes.batch, .seed = sizes.seed}) {
    adam.add_hook(optim::WeightDecay{1e-4});
  }
  /// The objective.
  Variable<float> operator()(const data::LabelledTokens& batch, train::Observation& seen) {
    words_of_last_batch = batch.tokens.layout->rows();
    const Variable<float> scores = model(batch.tokens);
    seen.defer([correct = ops::count_correct(scores, batch.labels)](train::Observation& resolved) {
      const auto counts = correct.counts();
      const double share = static_cast<double>(counts.correct) / static_cast<double>(counts.counted);
      resolved["accuracy"] = share;
      resolved.set("accuracy_over_sentences", share, counts.counted);
    });
    return ops::softmax_cross_entropy(scores, batch.labels);
  }
};

using Standard = train::StandardUpdater<Batches, Parts>;
using Parallel = distributed::ParallelUpdater<Batches, Parts>;

}  // namespace side
