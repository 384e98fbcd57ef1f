// SPDX-License-Identifier: MIT
#pragma once
// Inference: one sentence at a time, and a whole file.

#include "model.hpp"
#include "side.hpp"

#include <map>

namespace side {

inline Index best_class(const Variable<float>& scores) {
  const auto values = scores.value().values();
  return values[1] > values[0];
}

/// From the word ids of one sentence of 20 words and its end to its class.
inline int sentence_part(const workload::Corpus& corpus, bool quick) {
  const Classifier model(corpus.words, 300);
  const Inference scope;
  auto sentence = workload::made_sentences(1, 20, corpus.words)[0];
  sentence.words.push_back(workload::end_of_sentence);
  Index classes = 0;
  const auto answer = [&] { classes += best_class(model(make_tokens({&sentence.words, 1}))); };
  repeated(quick ? 0.01 : 0.5, 50, answer);
  return serve_rounds([&] {
    const auto times = repeated(quick ? 0.02 : 1.0, 200, answer);
    report({"sentence/p50", "fp32", cpu::threads(), quantile(times, 0.5) * 1e6, "us"});
    report({"sentence/p99", "fp32", cpu::threads(), quantile(times, 0.99) * 1e6, "us"});
  });
}

/// All sentences of the test file, in batches sorted by length and made beforehand.
inline int file_part(const workload::Corpus& corpus, bool quick) {
  const Classifier model(corpus.words, 300);
  const Inference scope;
  const auto lengths = lengths_of(corpus.test);
  auto order = data::rising_order(std::ssize(corpus.test));
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return lengths[static_cast<std::size_t>(a)] < lengths[static_cast<std::size_t>(b)];
  });
  std::map<Index, std::vector<Batch>> cases;  // by their size
  for (const Index size : quick ? std::vector<Index>{64} : std::vector<Index>{64, 128, 256, 512})
    cases[size] = make_batches(corpus.test, order, size);
  const auto classify = [&](const std::vector<Batch>& batches) {
    for (const Batch& batch : batches) model(batch.tokens);
  };
  for (const auto& [size, batches] : cases) classify(batches);
  return serve_rounds([&] {
    for (const auto& [size, batches] : cases) {
      const double time = median(repeated(quick ? 0.02 : 0.3, 3, [&, &made = batches] { classify(made); }));
      report({"file/sorted", "fp32, batch " + std::to_string(size), cpu::threads(),
              static_cast<double>(order.size()) / time, "sentences/s"});
    }
  });
}

}  // namespace side
