// SPDX-License-Identifier: MIT
#pragma once
// Inference: one sentence at a time, and a whole file.

#include "model.hpp"
#include "side.hpp"

#include <lstmlib/lstmlib.hpp>
#include <lstmlib/nn/inference.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace side {

using Sentences = nn::InferenceRnn::Sentences;

/// Sentences of word ids in, scores [sentences, 2] out, by one of the ways that the library has.
struct Way {
  std::string name;
  std::function<Variable<float>(Sentences)> scores;
};

/// The model as it was trained, and packed for inference: with the word vectors projected at each step or kept in a
/// table of projected words, and with recurrent weights of other precisions.
inline std::vector<Way> ways_of(const Classifier& model) {
  std::vector<Way> ways{{"fp32, as trained", [&model](Sentences sentences) {
                           std::vector<std::vector<std::int32_t>> words;
                           for (const auto sentence : sentences)
                             words.emplace_back(sentence.begin(), sentence.end());
                           return model(make_tokens(words));
                         }}};
  const auto add = [&](std::string name, nn::InferenceOptions options) {
    const auto inference = std::make_shared<nn::InferenceRnn>(model.embedding, model.lstm, options);
    ways.push_back(
        {std::move(name), [&model, inference](Sentences sentences) {
           auto states = Tensor<float>::uninitialized({std::ssize(sentences), inference->output_size()});
           inference->last_hidden(sentences, states.mutable_values());
           return model.output(Variable<float>(states));
         }});
  };
  add("fp32, inference", {.projection_cache_bytes = 0});
  add("fp32, inference, cached", {});
  add("bf16, inference, cached", {.precision = Precision::bf16});
  add("int8, inference, cached", {.precision = Precision::int8});
  return ways;
}

/// From the word ids of one sentence of 20 words and its end to its class.
inline int sentence_part(const workload::Corpus& corpus, bool quick) {
  const Classifier model(corpus.words, 300);
  const Inference scope;
  auto sentence = workload::made_sentences(1, 20, corpus.words)[0];
  sentence.words.push_back(workload::end_of_sentence);
  const std::span<const std::int32_t> words = sentence.words;
  const auto ways = ways_of(model);
  Index classes = 0;
  const auto answer = [&](const Way& way) {
    const auto scores = way.scores({&words, 1});
    classes += scores.value().values()[1] > scores.value().values()[0];
  };
  for (const Way& way : ways) repeated(quick ? 0.01 : 0.2, 50, [&] { answer(way); });
  return serve_rounds([&] {
    for (const Way& way : ways) {
      const auto times = repeated(quick ? 0.02 : 0.5, 200, [&] { answer(way); });
      report({"sentence/p50", way.name, cpu::threads(), quantile(times, 0.5) * 1e6, "us"});
      report({"sentence/p99", way.name, cpu::threads(), quantile(times, 0.99) * 1e6, "us"});
    }
  });
}

/// All sentences of the test file, from word ids to scores, in batches sorted by length.
inline int file_part(const workload::Corpus& corpus, bool quick) {
  const Classifier model(corpus.words, 300);
  const Inference scope;
  std::vector<std::span<const std::int32_t>> sorted;
  for (const auto& sentence : corpus.test) sorted.push_back(sentence.words);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const auto ways = ways_of(model);
  const auto classify = [&](const Way& way, std::size_t size) {
    for (std::size_t at = 0; at < sorted.size(); at += size)
      way.scores(Sentences(sorted).subspan(at, std::min(size, sorted.size() - at)));
  };
  const std::vector<std::size_t> sizes =
      quick ? std::vector<std::size_t>{64} : std::vector<std::size_t>{64, 256};
  for (const Way& way : ways)
    for (const std::size_t size : sizes) classify(way, size);
  return serve_rounds([&] {
    for (const Way& way : ways)
      for (const std::size_t size : sizes) {
        const double time = median(repeated(quick ? 0.02 : 0.2, 3, [&] { classify(way, size); }));
        report({"file/sorted", way.name + ", batch " + std::to_string(size), cpu::threads(),
                static_cast<double>(sorted.size()) / time, "sentences/s"});
      }
  });
}

}  // namespace side
