// SPDX-License-Identifier: MIT
#pragma once
// Explains predictions by occlusion: the weight of a word is the probability of the predicted class minus
// that without the word. Each word needs a run of the model.

#include "lstmlib/serve/handler.hpp"
#include "sentiment/model/predictor.hpp"
#include "sentiment/serving/read_body.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sentiment {

/// Rows: each sentence, followed by it without its first word, without its second word, and so on.
struct Explanation {
  Texts texts;
  std::vector<std::size_t> ends;  ///< end of the rows of each sentence
  std::size_t classes = 0;
  std::vector<float> probabilities;  ///< [rows, classes]
};

class Explainer {
 public:
  static constexpr std::span<const std::string_view> request_types = body_types;
  static constexpr std::string_view response_types[] = {json_type};
  static constexpr std::size_t max_cost = std::size_t{1}
                                          << 18;  ///< limit of words in all rows; about a second of work

  /// `model()` is called when requests arrive.
  explicit Explainer(std::function<const Predictor&()> model) : model_(std::move(model)) {}

  const Predictor& load(const std::filesystem::path&) { return model_(); }
  Texts read(const std::string& body, const std::string& type) const {
    return read_body(body, type, model_().settings().char_based);
  }
  /// Throws HttpError 413 if the rows exceed max_cost.
  Explanation begin(Texts texts) const;
  std::size_t rows(const Explanation& e) const { return e.ends.back(); }
  std::size_t cost(const Explanation& e, std::size_t row) const {
    return e.texts.tokens(sentence_of(e, row)) + 1;
  }
  std::size_t bytes(const Explanation& e) const {
    return e.texts.bytes() + e.ends.capacity() * sizeof(std::size_t) +
           e.probabilities.capacity() * sizeof(float);
  }
  void compute(const Predictor& predictor, std::span<const lstmlib::serve::Rows<Explanation>> parts) const;
  /// [{"sentence": ..., "prediction": 1, "score": 0.9, "weights": [one per word], "known": [true or false per
  /// word]}, ...]
  lstmlib::serve::Content write(const Explanation& explanation, const std::string& type) const;

 private:
  static std::size_t sentence_of(const Explanation& e, std::size_t row);

  std::function<const Predictor&()> model_;
};

}  // namespace sentiment
