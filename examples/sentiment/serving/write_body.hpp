// SPDX-License-Identifier: MIT
#pragma once
// Predictions as bodies of answers, byte for byte what NumPy and Python's json and csv write.

#include "lstmlib/serve/message.hpp"
#include "sentiment/serving/texts.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Sentences and what the model says of them.
struct Answers {
  Texts texts;
  std::vector<std::int32_t> labels;  ///< the most probable class
  std::vector<float> scores;         ///< its probability
};

/// The body in one of `body_types`: a row is the sentence, the class and its probability. Throws HttpError
/// 413 where it would be larger than `max_bytes`.
lstmlib::serve::Content write_body(const Answers& answers, std::string_view type, std::size_t max_bytes);

/// Appends a text in quotes, in ASCII, as Python's json.dumps. The text must be UTF-8.
void append_json_text(std::string& json, std::string_view text);

}  // namespace sentiment
