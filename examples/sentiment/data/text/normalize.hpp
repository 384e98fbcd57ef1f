// SPDX-License-Identifier: MIT
#pragma once
// Splits a sentence into tokens by the rules of the Chainer scripts: strip, convert to lower case, split.

#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// The sentence stripped and in lower case. Bytes that are not UTF-8 are dropped.
std::string normalize(std::string_view sentence);

/// The tokens of a sentence: its normalised words or, with `char_based`, its normalised characters including
/// spaces.
std::vector<std::string> tokens(std::string_view sentence, bool char_based = false);

/// The normalised words joined by single spaces: the sentence in predictions.
std::string normalized_words(std::string_view sentence);

}  // namespace sentiment
