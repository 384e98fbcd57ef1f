// SPDX-License-Identifier: MIT
#include "sentiment/model/predict.hpp"

#include "sentiment/data/text/normalize.hpp"

#include <algorithm>

namespace sentiment {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() && &word == words.data() ? "" : " ").append(word);
  return text;
}

/// Views of sentences, as the kernels need them.
std::vector<std::span<const std::int32_t>> views(const std::vector<std::vector<std::int32_t>>& sentences) {
  return {sentences.begin(), sentences.end()};
}

/// `scores` [sentences, classes].
Evaluation count(const Tensor<float>& scores, const PreparedData& data) {
  const Index classes = scores.shape()[1];
  Evaluation result;
  result.confusion.assign(static_cast<std::size_t>(classes),
                          std::vector<Index>(static_cast<std::size_t>(classes)));
  result.total = static_cast<Index>(data.sentences.size());
  if (data.sentences.empty()) return result;
  const auto log_p = ops::log_softmax(Variable<float>(scores)).value();
  for (std::size_t i = 0; i < data.sentences.size(); ++i) {
    const auto row = log_p.rows(static_cast<Index>(i), 1);
    const auto p = row.values();
    const auto label = static_cast<std::size_t>(data.labels[i]);
    if (data.labels[i] < 0 || label >= p.size())
      fail<FormatError>("sentence ", i + 1, " has label ", data.labels[i], ", the model has classes 0 to ",
                        classes - 1);
    const auto found = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    result.correct += found == label;
    result.loss -= static_cast<double>(p[label]) / static_cast<double>(data.sentences.size());
    ++result.confusion[label][found];
  }
  return result;
}

}  // namespace

std::vector<Prediction> predict(const Predictor& predictor, std::span<const std::string> sentences) {
  std::vector<Prediction> made(sentences.size());
  std::vector<std::vector<std::int32_t>> ids;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto words = tokens(sentences[i], predictor.settings().char_based);
    made[i].sentence = joined(words);
    ids.push_back(predictor.vocabulary().ids(words));
  }
  const auto classes = static_cast<std::size_t>(predictor.settings().classes);
  std::vector<float> probabilities(sentences.size() * classes);
  predictor.probabilities(views(ids), probabilities);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto p = std::span(probabilities).subspan(i * classes, classes);
    made[i].probabilities.assign(p.begin(), p.end());
    const auto best = std::max_element(p.begin(), p.end());
    made[i].label = static_cast<std::int32_t>(best - p.begin());
    made[i].score = *best;
  }
  return made;
}

Evaluation evaluate(const Predictor& predictor, const PreparedData& data) {
  auto scores = Tensor<float>::uninitialized({std::ssize(data.sentences), predictor.settings().classes});
  predictor.scores(views(data.sentences), scores.mutable_values());
  return count(scores, data);
}

Evaluation evaluate(const Classifier<float>& classifier, const PreparedData& data, Index batch_size) {
  auto scores =
      Tensor<float>::uninitialized({std::ssize(data.sentences), classifier.output.weight.shape()[0]});
  layer_scores(classifier, views(data.sentences), batch_size, scores.mutable_values());
  return count(scores, data);
}

}  // namespace sentiment
