// SPDX-License-Identifier: MIT
#include "sentiment/model/predict.hpp"

#include "sentiment/text/normalize.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace sentiment {

namespace {

/// The sentences' numbers, shortest first.
std::vector<std::size_t> by_length(std::span<const std::vector<std::int32_t>> sentences) {
  std::vector<std::size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sentences[a].size() < sentences[b].size(); });
  return order;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() && &word == words.data() ? "" : " ").append(word);
  return text;
}

}  // namespace

Tensor<float> predict_scores(const Classifier<float>& classifier, std::span<const std::vector<std::int32_t>> sentences,
                             Index batch_size) {
  const Inference scope;
  const Index classes = classifier.output.weight.shape()[0];
  auto scores = Tensor<float>::uninitialized({static_cast<Index>(sentences.size()), classes});
  const auto order = by_length(sentences);
  const auto step = static_cast<std::size_t>(std::max<Index>(1, batch_size));
  for (std::size_t at = 0; at < order.size(); at += step) {
    const std::span<const std::size_t> chosen(order.data() + at, std::min(step, order.size() - at));
    std::vector<std::vector<std::int32_t>> batch;
    for (const std::size_t i : chosen) batch.push_back(sentences[i]);
    const Tensor<float> part =
        classifier(make_tokens(batch, classifier.output.weight.device())).value().to(Device::cpu());
    for (std::size_t k = 0; k < chosen.size(); ++k)
      scores.rows(static_cast<Index>(chosen[k]), 1).assign(part.rows(static_cast<Index>(k), 1));
  }
  return scores;
}

std::vector<Prediction> predict(const TrainedModel& model, std::span<const std::string> sentences, Index batch_size) {
  std::vector<Prediction> made(sentences.size());
  std::vector<std::vector<std::int32_t>> ids;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto words = tokens(sentences[i], model.settings.char_based);
    made[i].sentence = joined(words);
    ids.push_back(model.vocabulary.ids(words));
  }
  if (sentences.empty()) return made;
  const Variable<float> scores(predict_scores(model.classifier, ids, batch_size));
  const auto probabilities = ops::softmax(scores).value();
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto row = probabilities.rows(static_cast<Index>(i), 1);
    const auto p = row.values();
    made[i].probabilities.assign(p.begin(), p.end());
    const auto best = std::max_element(p.begin(), p.end());
    made[i].label = static_cast<std::int32_t>(best - p.begin());
    made[i].score = *best;
  }
  return made;
}

Evaluation evaluate(const Classifier<float>& classifier, const PreparedData& data, Index batch_size) {
  const Index classes = classifier.output.weight.shape()[0];
  Evaluation result;
  result.confusion.assign(static_cast<std::size_t>(classes), std::vector<Index>(static_cast<std::size_t>(classes)));
  result.total = static_cast<Index>(data.sentences.size());
  if (data.sentences.empty()) return result;
  const Variable<float> scores(predict_scores(classifier, data.sentences, batch_size));
  const auto log_p = ops::log_softmax(scores).value();
  for (std::size_t i = 0; i < data.sentences.size(); ++i) {
    const auto row = log_p.rows(static_cast<Index>(i), 1);
    const auto p = row.values();
    const auto label = static_cast<std::size_t>(data.labels[i]);
    if (data.labels[i] < 0 || label >= p.size())
      fail<FormatError>("sentence ", i + 1, " has label ", data.labels[i], ", the model has classes 0 to ", classes - 1);
    const auto found = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    result.correct += found == label;
    result.loss -= static_cast<double>(p[label]) / static_cast<double>(data.sentences.size());
    ++result.confusion[label][found];
  }
  return result;
}

std::string score_text(float score) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<double>(score)).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace sentiment
