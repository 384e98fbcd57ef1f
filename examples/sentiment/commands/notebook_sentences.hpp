// SPDX-License-Identifier: MIT
#pragma once
// The texts that the reference's notebook shows and asks its endpoint about; `run`, `cloud run` and `local`
// share them.

#include "sentiment/data/datasets.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Three sentences of nobody's data set.
const std::vector<std::string>& example_sentences();

/// A data set as lines, a label, a space and a sentence each, as its files have them where they are such.
struct LabelledLines {
  std::string train, test;
};
/// Throws as load_dataset.
LabelledLines read_lines(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed);

/// The first lines of a text, without their ends, as many as there are up to `count`.
std::vector<std::string> first_lines(std::string_view text, std::size_t count);

/// What the notebook asks of the test file: its first lines that together exceed `characters` (code points,
/// line ends counted: Python's readlines with a hint), the first character of each cut and white space at
/// both ends.
std::vector<std::string> first_sentences(std::string_view text, std::size_t characters = 2000);

}  // namespace sentiment
