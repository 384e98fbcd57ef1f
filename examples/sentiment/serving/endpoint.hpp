// SPDX-License-Identifier: MIT
#pragma once
// The sentence classifier as a handler of lstmlib::serve: maps sentences to classes.

#include "lstmlib/serve/handler.hpp"
#include "sentiment/model/predictor.hpp"
#include "sentiment/serving/read_body.hpp"
#include "sentiment/serving/write_body.hpp"

#include <filesystem>
#include <span>
#include <string>

namespace sentiment {

class Endpoint {
 public:
  static constexpr std::span<const std::string_view> request_types = body_types;

  explicit Endpoint(const PredictorOptions& options = {}, std::size_t answer_bytes = std::size_t{200} << 20)
      : options_(options), answer_bytes_(answer_bytes) {}

  /// Throws FileError or FormatError if the folder has no valid model.
  Predictor load(const std::filesystem::path& model_dir);
  Texts read(const std::string& body, const std::string& type) const {
    return read_body(body, type, char_based_);
  }
  Answers begin(Texts texts) const;
  std::size_t rows(const Answers& answers) const { return answers.texts.size(); }
  std::size_t cost(const Answers& answers, std::size_t row) const { return answers.texts.tokens(row) + 1; }
  std::size_t bytes(const Answers& answers) const {
    return answers.texts.bytes() + answers.texts.size() * (sizeof(std::int32_t) + sizeof(float));
  }
  void compute(const Predictor& predictor, std::span<const lstmlib::serve::Rows<Answers>> parts) const;
  lstmlib::serve::Content write(const Answers& answers, const std::string& type) const {
    return write_body(answers, type, answer_bytes_);
  }

 private:
  PredictorOptions options_;
  std::size_t answer_bytes_;
  bool char_based_ = false;  // set by the model
};

}  // namespace sentiment
