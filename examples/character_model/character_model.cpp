// SPDX-License-Identifier: MIT
// A language model over characters, trained by truncated backpropagation: states go on from chunk to chunk of a
// long text, gradients do not. Then it writes text of its own.
#include <lstmlib/lstmlib.hpp>

#include <cstdio>
#include <random>

using namespace lstmlib;
using States = std::vector<ops::RecurrentState<float>>;

struct CharacterModel : nn::Module {
  nn::Embedding<float> embed{{.vocabulary_size = 128, .output_size = 16}};
  nn::Gru<float> gru{{.input_size = 16, .hidden_size = 48}};
  nn::Linear<float> output{{.input_size = 48, .output_size = 128}};

  /// The mean loss of a chunk. `states` go on from the chunk before, cut from its graph.
  Variable<float> loss(const data::Chunk<std::int32_t>& chunk, States& states) const {
    if (chunk.first) states.clear();
    const auto result = gru(embed(chunk.inputs), states);
    states = detach(result.last);
    return ops::softmax_cross_entropy(output(result.hidden.values), chunk.targets);
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embed", embed)("gru", gru)("output", output);
  }
};

/// Sentences such as "the king sees a cat. "
std::string make_text(std::mt19937& random, int sentences) {
  constexpr const char* words[] = {"the ",  "a ",       "the old ", "king ",     "cat ",    "child ",
                                   "sees ", "follows ", "loses ",   "the sea. ", "a cat. ", "the crown. "};
  std::string text;
  for (int i = 0; i < 4 * sentences; ++i) text += words[i % 4 * 3 + static_cast<int>(random() % 3)];
  return text;
}

double perplexity(const CharacterModel& model, const std::string& text) {
  const Inference scope;
  ops::Perplexity measure;
  States states;
  data::ChunkIterator chunks(text, {.streams = 4, .steps = 64, .repeat = false});
  while (!chunks.done()) {
    const auto chunk = chunks.next();
    measure.add(model.loss(chunk, states), chunk.targets.size());
  }
  return measure.value();
}

/// Goes on with `text`. Low temperatures keep to what is likely.
std::string write(const CharacterModel& model, std::string text, std::size_t length, float temperature) {
  const Inference scope;
  const nn::InferenceRnn packed(model.embed, model.gru);
  nn::RnnStream stream(packed);
  std::mt19937 random(1);
  std::span<const float> hidden;
  for (const char c : text) hidden = stream.step(c);
  while (text.size() < length) {
    const Variable scores = model.output(Variable(Tensor<float>::from(hidden, {1, hidden.size()})));
    const auto p = ops::softmax((1 / temperature) * scores).value();
    std::discrete_distribution<int> next(p.values().begin(), p.values().end());
    text.push_back(static_cast<char>(next(random)));
    hidden = stream.step(text.back());
  }
  return text;
}

int main() {
  set_seed(1);
  std::mt19937 random(1);
  const std::string train = make_text(random, 600), test = make_text(random, 100);
  CharacterModel model;
  optim::Adam adam(model, {.learning_rate = 1e-2});
  data::ChunkIterator chunks(train, {.streams = 8, .steps = 32});
  States states;
  while (chunks.epoch() < 6) {
    adam.zero_grad();
    model.loss(chunks.next(), states).backward();
    adam.step();
    if (chunks.is_new_epoch()) std::printf("perplexity of new text: %.2f\n", perplexity(model, test));
  }
  for (const float temperature : {0.5f, 1.f})
    std::printf("%s\n", write(model, "the ", 70, temperature).c_str());
}
