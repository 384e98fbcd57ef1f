// SPDX-License-Identifier: MIT
#pragma once
// The classifiers of the reference's snapshots, and training runs of them.

#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/train/evaluator.hpp"
#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/snapshot.hpp"
#include "lstmlib/train/value_trigger.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace lstmlib::test {

struct SentenceModel : nn::Module {
  virtual Variable<float> operator()(const Tokens& tokens) const = 0;
};

/// The last hidden state of an LSTM, then a linear layer.
struct RnnModel final : SentenceModel {
  RnnModel(Index words, Index units, Index classes, double ratio)
      : embedding({.vocabulary_size = words, .output_size = units}),
        dropout{ratio},
        encoder({.input_size = units, .hidden_size = units}),
        output({.input_size = units, .output_size = classes}) {}
  Variable<float> operator()(const Tokens& tokens) const override {
    return output(dropout(encoder(dropout(embedding(tokens))).last_hidden()));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("encoder/embed", embedding)("encoder/encoder", encoder)("output", output);
  }
  nn::Embedding<float> embedding;
  nn::Dropout dropout;
  nn::Lstm<float> encoder;
  nn::Linear<float> output;
};

/// Convolutions over 3, 4 and 5 words, the largest of each filter, then a perceptron of one layer.
struct CnnModel final : SentenceModel {
  CnnModel(Index words, Index units, Index classes)
      : embedding({.vocabulary_size = words, .output_size = units}),
        window3({units, units / 3, 3}),
        window4({units, units / 3, 4}),
        window5({units, units / 3, 5}),
        output({.input_size = 3 * (units / 3), .output_size = classes}) {
    layers.push_back(nn::Linear<float>({.input_size = 3 * (units / 3), .output_size = 3 * (units / 3)}));
  }
  Variable<float> operator()(const Tokens& tokens) const override {
    const auto words = embedding(tokens);
    const auto found =
        ops::concat<float>({ops::max_over_time(window3(words)), ops::max_over_time(window4(words)),
                            ops::max_over_time(window5(words))});
    return output(ops::relu(layers[0](ops::relu(found))));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("encoder/embed", embedding)("encoder/cnn_w3", window3)("encoder/cnn_w4", window4)("encoder/cnn_w5",
                                                                                            window5);
    visit("output", output);
    Layers list(layers);
    visit("encoder/mlp", list);
  }
  struct Layers final : nn::Module {
    explicit Layers(std::vector<nn::Linear<float>>& l) : layers(l) {}
    void visit_members(nn::MemberVisitor& visit) override { visit(layers); }
    std::vector<nn::Linear<float>>& layers;
  };
  nn::Embedding<float> embedding;
  nn::TextConvolution<float> window3, window4, window5;
  std::vector<nn::Linear<float>> layers;
  nn::Linear<float> output;
};

struct Objective {
  const SentenceModel& model;
  Variable<float> operator()(const data::LabelledTokens& batch, train::Observation& seen) const {
    const auto scores = model(batch.tokens);
    seen.defer([correct = ops::count_correct(scores, batch.labels)](train::Observation& resolved) {
      resolved["accuracy"] = correct.share();
    });
    return ops::softmax_cross_entropy(scores, batch.labels);
  }
};

/// Two datasets of sentences of a few words; the label is whether the first word's number is even.
inline data::LabelledSequences made_up_sentences(Index count, std::uint64_t seed) {
  const auto key = math::random_key(seed, 99, 0);
  std::vector<std::vector<std::int32_t>> sentences;
  std::vector<std::int32_t> labels;
  std::uint64_t at = 0;
  for (Index i = 0; i < count; ++i) {
    std::vector<std::int32_t> sentence;
    const auto length = 1 + math::random_word(key, at++) % 7;
    for (std::uint32_t k = 0; k < length; ++k)
      sentence.push_back(static_cast<std::int32_t>(math::random_word(key, at++) % 20));
    labels.push_back(sentence[0] % 2);
    sentences.push_back(std::move(sentence));
  }
  return {std::move(sentences), std::move(labels)};
}

using Arrays = io::Archive;
inline bool equal(const Arrays& a, const Arrays& b) {
  if (a.names() != b.names()) return false;
  for (const auto& entry : a)
    if (!(entry.array == b.at(entry.name))) return false;
  return true;
}

/// A whole run with its parts, as a program has them.
struct Run {
  struct Options {
    std::filesystem::path folder;
    train::Trigger stop;
    Index batch = 16;
    bool by_length = false;
    std::uint64_t seed = 0;
  };
  Run(std::unique_ptr<SentenceModel> its_model, const data::LabelledSequences& training,
      const data::LabelledSequences& test, Options o)
      : model(std::move(its_model)),
        objective{*model},
        adam(*model),
        batches(training, {.batch_size = o.batch, .bucket_by_length = o.by_length, .seed = o.seed}),
        test_batches(test, {.batch_size = o.batch, .shuffle = false, .repeat = false}),
        updater(batches, *model, adam, objective),
        trainer(updater, {std::move(o.stop), o.folder, true}) {
    adam.add_hook(optim::WeightDecay{1e-4});
  }
  Arrays parameters() const { return io::to_archive(*model); }

  std::unique_ptr<SentenceModel> model;
  Objective objective;
  optim::Adam adam;
  data::SerialIterator<data::LabelledSequences> batches, test_batches;
  train::StandardUpdater<data::SerialIterator<data::LabelledSequences>, Objective> updater;
  train::Trainer trainer;
};

}  // namespace lstmlib::test
