// SPDX-License-Identifier: MIT
#include "sentiment/serving/endpoint.hpp"

#include "sentiment/serving/id_batch.hpp"

#include <algorithm>

namespace sentiment {

Predictor Endpoint::load(const std::filesystem::path& model_dir) {
  TrainedModel model = load_model_folder(model_dir);
  char_based_ = model.settings.char_based;
  return Predictor(std::move(model), options_);
}

Answers Endpoint::begin(Texts texts) const {
  const std::size_t count = texts.size();
  return {std::move(texts), std::vector<std::int32_t>(count), std::vector<float>(count)};
}

void Endpoint::compute(const Predictor& predictor,
                       std::span<const lstmlib::serve::Rows<Answers>> parts) const {
  thread_local IdBatch batch;  // reuses its memory
  batch.clear();
  for (const auto& [answers, first, count] : parts)
    for (std::size_t row = first; row < first + count; ++row)
      batch.add(answers->texts, row, predictor.vocabulary());
  auto probabilities = batch.probabilities(predictor);
  const auto classes = static_cast<std::size_t>(predictor.settings().classes);
  for (const auto& [answers, first, count] : parts)
    for (std::size_t row = first; row < first + count; ++row) {
      const auto p = probabilities.first(classes);
      const auto best = std::max_element(p.begin(), p.end());
      answers->labels[row] = static_cast<std::int32_t>(best - p.begin());
      answers->scores[row] = *best;
      probabilities = probabilities.subspan(classes);
    }
}

}  // namespace sentiment
