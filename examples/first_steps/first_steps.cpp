// SPDX-License-Identifier: MIT
// Trains an LSTM to tell whether a sequence of any length holds more ones than twos.
#include <lstmlib/lstmlib.hpp>

#include <cstdio>
#include <random>

using namespace lstmlib;

struct Counter : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 3, .output_size = 8}};
  nn::Lstm<float> encoder{{.input_size = 8, .hidden_size = 16}};
  nn::Linear<float> classifier{{.input_size = 16, .output_size = 2}};

  /// Class scores [sequences, 2] of sequences of any lengths: nothing is padded.
  Variable<float> operator()(const Tokens& tokens) const {
    return classifier(encoder(embedding(tokens)).last_hidden());
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embed", embedding)("encoder", encoder)("output", classifier);
  }
};

struct Batch {
  Tokens tokens;
  Tensor<std::int32_t> labels;
};

Batch make_batch(std::mt19937& random, Index size) {
  std::vector<std::vector<std::int32_t>> sequences;
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < size; ++i) {
    std::vector<std::int32_t> sequence(1 + random() % 15);
    int balance = 0;
    for (auto& token : sequence) {
      token = static_cast<std::int32_t>(random() % 3);
      balance += (token == 1) - (token == 2);
    }
    sequences.push_back(std::move(sequence));
    labels.push_back(balance > 0);
  }
  return {make_tokens(sequences), Tensor<std::int32_t>::from(labels, {size})};
}

int main() {
  set_seed(1);
  Counter model;
  optim::Adam adam(model, {.learning_rate = 1e-2});
  adam.add_hook(optim::ClipGradNorm{5});

  std::mt19937 random(1);
  for (int step = 0; step < 300; ++step) {
    const Batch batch = make_batch(random, 64);
    adam.zero_grad();
    const Variable loss = ops::softmax_cross_entropy(model(batch.tokens), batch.labels);
    loss.backward();
    adam.step();
    if (step % 50 == 0) std::printf("step %3d  loss %.3f\n", step, static_cast<double>(loss.item()));
  }

  const Inference scope;  // no graph, no dropout
  const Batch test = make_batch(random, 1000);
  const double accuracy = ops::accuracy(model(test.tokens), test.labels);
  std::printf("accuracy on new sequences: %.3f\n", accuracy);
  return accuracy > 0.95 ? 0 : 1;
}
