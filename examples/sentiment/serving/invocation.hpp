// SPDX-License-Identifier: MIT
#pragma once
// The client's side of an invocation: JSON bodies of sentences, and responses formatted as lines.

#include <span>
#include <string>

namespace sentiment {

/// `["a sentence", ...]`. The sentences must be UTF-8.
std::string invocation_body(std::span<const std::string> sentences);

/// One line per row [sentence, class, probability] of a response; `format` as in `sentiment predict`. Throws
/// Error, which begins with `name`, unless there are `count` such rows.
std::string prediction_lines(const std::string& answer, std::size_t count, const std::string& format,
                             const std::string& name);

}  // namespace sentiment
