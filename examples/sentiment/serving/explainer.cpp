// SPDX-License-Identifier: MIT
#include "sentiment/serving/explainer.hpp"

#include "sentiment/model/predict.hpp"
#include "sentiment/serving/id_batch.hpp"
#include "sentiment/serving/write_body.hpp"

#include <algorithm>
#include <utility>

namespace sentiment {

using lstmlib::serve::HttpError;

std::size_t Explainer::sentence_of(const Explanation& e, std::size_t row) {
  return static_cast<std::size_t>(std::upper_bound(e.ends.begin(), e.ends.end(), row) - e.ends.begin());
}

Explanation Explainer::begin(Texts texts) const {
  Explanation made{std::move(texts), {}, static_cast<std::size_t>(model_().settings().classes), {}};
  std::size_t rows = 0, cost = 0;
  for (std::size_t i = 0; i < made.texts.size(); ++i) {
    const std::size_t words = made.texts.tokens(i);
    rows += 1 + words;
    cost += (1 + words) * (1 + words);
    if (cost > max_cost)
      throw HttpError(413, lstmlib::message("explaining runs the model once per word, and up to sentence ",
                                            i + 1, " these are ", cost, " words, the limit is ", max_cost,
                                            "; please send fewer or shorter ones"));
    made.ends.push_back(rows);
  }
  made.probabilities.resize(rows * made.classes);
  return made;
}

void Explainer::compute(const Predictor& predictor,
                        std::span<const lstmlib::serve::Rows<Explanation>> parts) const {
  thread_local IdBatch batch;
  batch.clear();
  for (const auto& [e, first, count] : parts)
    for (std::size_t row = first; row < first + count; ++row) {
      const std::size_t sentence = sentence_of(*e, row),
                        number = row - (sentence == 0 ? 0 : e->ends[sentence - 1]);
      batch.add(e->texts, sentence, predictor.vocabulary(), number == 0 ? IdBatch::none : number - 1);
    }
  const auto probabilities = batch.probabilities(predictor);
  const float* from = probabilities.data();
  for (const auto& [e, first, count] : parts) {
    std::copy_n(from, count * e->classes, e->probabilities.data() + first * e->classes);
    from += count * e->classes;
  }
}

lstmlib::serve::Content Explainer::write(const Explanation& e, const std::string& type) const {
  const Vocabulary& vocabulary = model_().vocabulary();
  std::string json = "[";
  std::size_t row = 0;
  for (std::size_t i = 0; i < e.texts.size(); ++i) {
    const auto p = std::span(e.probabilities).subspan(row * e.classes, e.classes);
    const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    json += i > 0 ? ", {\"sentence\": " : "{\"sentence\": ";
    append_json_text(json, e.texts[i]);
    json += ", \"prediction\": " + std::to_string(best) + ", \"score\": " + score_text(p[best]) +
            ", \"weights\": [";
    for (std::size_t without = row + 1; without < e.ends[i]; ++without) {
      if (without > row + 1) json += ", ";
      json += score_text(p[best] - e.probabilities[without * e.classes + best]);
    }
    json += "], \"known\": [";
    bool first = true;
    e.texts.for_each_token(i, [&](std::string_view word) {
      json += std::exchange(first, false) ? "" : ", ";
      json += vocabulary.knows(word) ? "true" : "false";
    });
    json += "]}";
    row = e.ends[i];
  }
  return {type, json += ']'};
}

}  // namespace sentiment
