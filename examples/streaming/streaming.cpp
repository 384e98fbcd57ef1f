// SPDX-License-Identifier: MIT
// Trains a GRU on a chain of events, packs its weights for fast inference, and streams: one event in, one
// answer out.
#include <lstmlib/core.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

using namespace lstmlib;

constexpr const char* events[] = {"knock", "opens", "closes"};

/// After each event: is the door open?
struct Door : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 3, .output_size = 4}};
  nn::Gru<float> gru{{.input_size = 4, .hidden_size = 16}};
  nn::Linear<float> classifier{{.input_size = 16, .output_size = 2}};

  Variable<float> operator()(const Tokens& tokens) const {
    return classifier(gru(embedding(tokens)).hidden).values;
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("gru", gru)("classifier", classifier);
  }
};

int main() {
  set_seed(1);
  std::mt19937 random(1);
  Door door;
  optim::Adam adam(door, {.learning_rate = 1e-2});
  for (int step = 0; step < 200; ++step) {
    // Sequences of 30 events; most are knocks, which change nothing.
    std::vector<std::vector<std::int32_t>> batch(16, std::vector<std::int32_t>(30));
    std::vector<std::int32_t> is_open;
    for (auto& sequence : batch)
      for (bool now = false; auto& event : sequence) {  // the door begins closed
        event = random() % 4 ? 0 : 1 + static_cast<std::int32_t>(random() % 2);
        if (event != 0) now = event == 1;
        is_open.push_back(now);
      }
    const auto labels = Tensor<std::int32_t>::from(is_open, {std::ssize(is_open)});
    adam.zero_grad();
    ops::softmax_cross_entropy(door(make_tokens(batch)), labels).backward();
    adam.step();
  }

  const Inference scope;                                    // no graph, no dropout
  const nn::InferenceRnn packed(door.embedding, door.gru);  // immutable copies: threads may share it
  nn::RnnStream stream(packed);                             // one sequence: its state and no more
  const std::vector<std::int32_t> sequence{0, 1, 0, 0, 2, 0};
  const auto at_once =
      ops::softmax(door(make_tokens(std::vector<std::vector<std::int32_t>>{sequence}))).value();
  float difference = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto hidden = Tensor<float>::from(stream.step(sequence[i]), {1, packed.output_size()});
    const float open = ops::softmax(door.classifier(Variable<float>(hidden))).value().values()[1];
    std::printf("%-6s -> open: %.2f\n", events[sequence[i]], static_cast<double>(open));
    difference = std::max(difference, std::abs(open - at_once.values()[2 * i + 1]));
  }
  std::printf("stream and model agree within 0.0001: %s\n", difference < 1e-4f ? "yes" : "no");

  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100000; ++i) stream.step(0);
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  std::printf("a step takes %.2f microseconds\n", time.count() / 100000);
}
