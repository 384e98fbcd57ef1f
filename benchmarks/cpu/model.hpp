// SPDX-License-Identifier: MIT
#pragma once
// The sentence classifier as a user of lstmlib writes it, batches made beforehand, and a step of training; on
// any device.

#include "workload.hpp"

#include <lstmlib/core.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace side {

using namespace lstmlib;

struct Batch {
  Tokens tokens;
  Tensor<std::int32_t> labels;
};

inline Batch make_batch(std::span<const workload::Sentence* const> sentences, Device device = Device::cpu()) {
  std::vector<std::vector<std::int32_t>> words;
  std::vector<std::int32_t> labels;
  for (const auto* sentence : sentences) {
    words.push_back(sentence->words);
    labels.push_back(sentence->label);
  }
  return {make_tokens(words, device),
          Tensor<std::int32_t>::from(labels, {static_cast<Index>(labels.size())}, device)};
}

/// Batches of the sentences in this order.
inline std::vector<Batch> make_batches(const std::vector<workload::Sentence>& sentences,
                                       std::span<const Index> order, Index batch_size) {
  std::vector<Batch> batches;
  std::vector<const workload::Sentence*> members;
  for (const Index row : order) {
    members.push_back(&sentences[static_cast<std::size_t>(row)]);
    if (std::ssize(members) < batch_size) continue;
    batches.push_back(make_batch(members));
    members.clear();
  }
  if (!members.empty()) batches.push_back(make_batch(members));
  return batches;
}

inline std::vector<Index> lengths_of(const std::vector<workload::Sentence>& sentences) {
  std::vector<Index> lengths;
  for (const auto& sentence : sentences) lengths.push_back(std::ssize(sentence.words));
  return lengths;
}

/// Embedding, LSTM, its last state, linear layer; dropout 0.4 of the words and 0.1 of the state.
struct Classifier : nn::Module {
  nn::Embedding<float> embedding;
  nn::Lstm<float> lstm;
  nn::Linear<float> output;
  nn::Dropout word_dropout{0.4}, state_dropout{0.1};

  Classifier(Index words, Index units, Precision precision = Precision::fp32, Index layers = 1)
      : embedding({.vocabulary_size = words, .output_size = units, .ignore = ignore_none}),
        lstm({.input_size = units, .hidden_size = units, .layers = layers, .precision = precision}),
        output({.input_size = units, .output_size = 2}) {}

  /// Scores [sentences, 2].
  Variable<float> operator()(const Tokens& tokens) const {
    return output(state_dropout(lstm(embedding(tokens, word_dropout)).last_hidden()));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("lstm", lstm)("output", output);
  }
};

/// A model and what trains it: Adam with weight decay 1e-4.
struct Training {
  Classifier model;
  optim::Adam adam{model, {.learning_rate = 1e-3}};
  std::uint64_t steps = 0;

  Training(Index words, Index units, Precision precision = Precision::fp32, Device device = Device::cpu())
      : model(words, units, precision) {
    model.to(device);
    adam.add_hook(optim::WeightDecay{1e-4});
  }

  void step(const Batch& batch) {
    begin_step(steps++);
    adam.zero_grad();
    ops::softmax_cross_entropy(model(batch.tokens), batch.labels).backward();
    adam.step();
  }
  void epoch(const std::vector<Batch>& batches) {
    for (const Batch& batch : batches) step(batch);
  }
};

}  // namespace side
