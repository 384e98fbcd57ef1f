// SPDX-License-Identifier: MIT
#pragma once
// Texts that the notebook shows and sends to its endpoint. Shared by `run`, `cloud run` and `local`.

#include "sentiment/data/datasets.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Three sentences that are in no data set.
const std::vector<std::string>& example_sentences();

/// A data set as lines of a label, a space and a sentence, the format of its files if it has text files.
struct LabelledLines {
  std::string train, test;
};
/// Throws like load_dataset.
LabelledLines read_lines(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed);

/// The first lines of a text without their ends, at most `count`.
std::vector<std::string> first_lines(std::string_view text, std::size_t count);

/// The test sentences that the notebook sends. It takes lines until they exceed `characters`, in code points
/// with line ends, like Python's readlines with a hint. It drops the first character of each line and strips
/// the rest.
std::vector<std::string> first_sentences(std::string_view text, std::size_t characters = 2000);

}  // namespace sentiment
