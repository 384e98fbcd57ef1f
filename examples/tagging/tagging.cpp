// SPDX-License-Identifier: MIT
// An answer for each word of a sentence: is "Jordan" a person or a place? Words on both sides tell, so the
// network reads in both directions.
#include <lstmlib/core.hpp>

#include <algorithm>
#include <cstdio>
#include <random>

using namespace lstmlib;
using Ids = std::vector<std::int32_t>;

constexpr const char* words[] = {"Austin",   "Florence", "Jordan", "Sydney", "sings", "laughs",
                                 "prospers", "exports",  "people", "with",   "in",    "and"};
constexpr const char* tags[] = {"", "/person", "/place"};

struct Tagger : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 12, .output_size = 8}};
  nn::Lstm<float> encoder{{.input_size = 8, .hidden_size = 16, .bidirectional = true}};
  nn::Linear<float> classifier{{.input_size = 2 * 16, .output_size = 3}};

  /// Scores of the tags of each word [words of all sentences, tags].
  Variable<float> operator()(const Tokens& tokens) const {
    return classifier(encoder(embedding(tokens)).hidden).values;
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("encoder", encoder)("classifier", classifier);
  }
};

/// Sentences as "Jordan sings and people in Jordan", and the tag of each word, in the same order.
std::pair<Tokens, Tensor<std::int32_t>> make_batch(std::mt19937& random, std::size_t size) {
  std::vector<Ids> sentences(size);
  Ids labels;
  const auto pick = [&](unsigned choices) { return static_cast<std::int32_t>(random() % choices); };
  for (Ids& sentence : sentences) {
    const auto add = [&](int word, int tag) { sentence.push_back(word), labels.push_back(tag); };
    for (int clauses = 1 + pick(3); clauses > 0; --clauses) {
      const int name = pick(4), place = pick(2);
      if (pick(2)) add(name, 1 + place), add(4 + 2 * place + pick(2), 0);
      else add(8, 0), add(9 + place, 0), add(name, 1 + place);
      if (clauses > 1) add(11, 0);
    }
  }
  return {make_tokens(sentences), Tensor<std::int32_t>::from(labels, {std::ssize(labels)})};
}

int main() {
  set_seed(1);
  std::mt19937 random(1);
  Tagger tagger;
  optim::Adam adam(tagger, {.learning_rate = 1e-2});
  for (int step = 0; step < 100; ++step) {
    const auto [sentences, labels] = make_batch(random, 32);
    adam.zero_grad();
    const Variable loss = ops::softmax_cross_entropy(tagger(sentences), labels);
    loss.backward();
    adam.step();
    if (step % 20 == 0) std::printf("step %2d  loss %.3f\n", step, static_cast<double>(loss.item()));
  }

  const Inference scope;  // no graph, no dropout
  const auto [sentences, labels] = make_batch(random, 1000);
  std::printf("right tags in new sentences: %.1f %%\n", 100 * ops::accuracy(tagger(sentences), labels));
  const Ids example{8, 10, 2, 11, 2, 4, 11, 0, 6};
  const auto scores = tagger(make_tokens(std::vector<Ids>{example})).value();
  for (std::size_t i = 0; i < example.size(); ++i) {
    const auto row = scores.values().subspan(3 * i, 3);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    std::printf("%s%s ", words[example[i]], tags[best]);
  }
  std::printf("\n");
}
