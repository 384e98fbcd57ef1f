// SPDX-License-Identifier: MIT
#pragma once
// Writes predictions as response bodies, byte for byte like NumPy and Python's json and csv.

#include "lstmlib/serve/message.hpp"
#include "sentiment/serving/texts.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Sentences with their predictions.
struct Answers {
  Texts texts;
  std::vector<std::int32_t> labels;  ///< the most probable class
  std::vector<float> scores;         ///< its probability
};

/// The body in one of `body_types`. A row is the sentence, its class and the probability of that. Throws
/// HttpError 413 if it would exceed `max_bytes`.
lstmlib::serve::Content write_body(const Answers& answers, std::string_view type, std::size_t max_bytes);

/// Appends a UTF-8 text in quotes, as ASCII, like Python's json.dumps.
void append_json_text(std::string& json, std::string_view text);

}  // namespace sentiment
