// SPDX-License-Identifier: MIT
// Two processes train one model; each takes half of every batch.
#include <lstmlib/core.hpp>
#include <lstmlib/data/iterator.hpp>
#include <lstmlib/data/sequences.hpp>
#include <lstmlib/mpi.hpp>

#include <cstdio>

using namespace lstmlib;

struct Classifier : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 4, .output_size = 8}};
  nn::Lstm<float> encoder{{.input_size = 8, .hidden_size = 8}};
  nn::Linear<float> output{{.input_size = 8, .output_size = 2}};

  Variable<float> operator()(const Tokens& tokens) const {
    return output(encoder(embedding(tokens)).last_hidden());
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("encoder", encoder)("output", output);
  }
};

int main() {
  return mpi::run([](distributed::Communicator& all) {
    const data::LabelledSequences examples({{0, 1}, {1}, {2, 3, 2}, {3}}, {0, 0, 1, 1});
    data::SerialIterator batches(examples, {.batch_size = 4});
    Classifier model;
    optim::Adam adam(model, {.learning_rate = 0.05});
    auto objective = [&](const data::LabelledTokens& batch, train::Observation&) {
      return ops::softmax_cross_entropy(model(batch.tokens), batch.labels);
    };
    distributed::ParallelUpdater updater(all, batches, model, adam, objective);
    double loss = 1;
    for (int step = 0; step < 60; ++step) loss = *updater.update().find("main/loss");
    if (all.is_main_process()) std::printf("%d processes, loss %.4f\n", all.size(), loss);
    return all.size() == 2 && loss < 0.1 ? 0 : 1;
  });
}
