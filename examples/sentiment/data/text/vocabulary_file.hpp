// SPDX-License-Identifier: MIT
#pragma once
// Vocabulary files: vocab.json of a model folder, and vocab.npy of prepared data.

#include "sentiment/data/text/vocabulary.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sentiment {

/// Text as written by Python's `json.dumps`: ASCII, in quotes.
std::string json_text(std::string_view text);

/// The contents of vocab.json, equal to those of Python's `json.dump`.
std::string vocabulary_json(const Vocabulary& vocabulary);
/// The inverse. Throws FormatError with `name` for anything but one flat object of words and ids.
Vocabulary parse_vocabulary_json(std::string_view json, const std::string& name);

/// Reads vocab.json or vocab.npy; the file's first bytes decide which. Throws FileError or FormatError with
/// its name.
Vocabulary read_vocabulary(const std::filesystem::path& file);

void write_vocabulary_json(const std::filesystem::path& file, const Vocabulary& vocabulary);
/// Like `numpy.save` of a dict in the Chainer scripts: an object array without axes.
void write_vocabulary_npy(const std::filesystem::path& file, const Vocabulary& vocabulary);

}  // namespace sentiment
