// SPDX-License-Identifier: MIT
#pragma once
// Vocabularies in files: vocab.json of a model folder, vocab.npy of prepared data.

#include "sentiment/data/text/vocabulary.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sentiment {

/// A text as Python's `json.dumps` writes it: ASCII, in quotes.
std::string json_text(std::string_view text);

/// vocab.json's bytes, equal to those of Python's `json.dump`.
std::string vocabulary_json(const Vocabulary& vocabulary);
/// The other way. Throws FormatError with `name` for anything that is not one flat object of words and ids.
Vocabulary parse_vocabulary_json(std::string_view json, const std::string& name);

/// Reads vocab.json or vocab.npy, by what the file begins with. Throws FileError or FormatError with its
/// name.
Vocabulary read_vocabulary(const std::filesystem::path& file);

void write_vocabulary_json(const std::filesystem::path& file, const Vocabulary& vocabulary);
/// As the reference's `numpy.save` of a dict: an object array without axes.
void write_vocabulary_npy(const std::filesystem::path& file, const Vocabulary& vocabulary);

}  // namespace sentiment
