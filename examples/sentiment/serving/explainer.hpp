// SPDX-License-Identifier: MIT
#pragma once
// What each word adds to a prediction: the probability of the predicted class, less what it is without the
// word (occlusion). Takes a run of the model for each word.

#include "lstmlib/serve/handler.hpp"
#include "sentiment/model/predictor.hpp"
#include "sentiment/serving/read_body.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sentiment {

/// Rows: for each sentence itself, then itself without its first word, without its second, ...
struct Explanation {
  Texts texts;
  std::vector<std::size_t> ends;  ///< of the rows of each sentence
  std::size_t classes = 0;
  std::vector<float> probabilities;  ///< [rows, classes]
};

class Explainer {
 public:
  static constexpr std::span<const std::string_view> request_types = body_types;
  static constexpr std::string_view response_types[] = {json_type};
  static constexpr std::size_t max_cost = std::size_t{1}
                                          << 18;  ///< words in all rows; about a second of work

  /// `model()` is asked when requests come.
  explicit Explainer(std::function<const Predictor&()> model) : model_(std::move(model)) {}

  const Predictor& load(const std::filesystem::path&) { return model_(); }
  Texts read(const std::string& body, const std::string& type) const {
    return read_body(body, type, model_().settings().char_based);
  }
  /// Throws HttpError 413 where the rows would be too much work.
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
  /// [{"sentence": ..., "prediction": 1, "score": 0.9, "weights": [one a word], "known": [true or false, one a
  /// word]}, ...]
  lstmlib::serve::Content write(const Explanation& explanation, const std::string& type) const;

 private:
  static std::size_t sentence_of(const Explanation& e, std::size_t row);

  std::function<const Predictor&()> model_;
};

}  // namespace sentiment
