// SPDX-License-Identifier: MIT
#pragma once
// Prepared data: sentences as word ids with their labels, in train.npz, test.npz and dev.npz as NumPy and the
// reference script exchange them.

#include "lstmlib/base/index.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sentiment {

struct PreparedData {
  std::vector<std::vector<std::int32_t>>
      sentences;                     ///< word ids, the closing `<eos>` included; none is empty
  std::vector<std::int32_t> labels;  ///< as many

  bool operator==(const PreparedData&) const = default;
};

/// Reads `data` and `labels`; a sentence may be an array or a list, and what else is in the file does not
/// matter. Throws FileError, or FormatError where an array is missing or misshapen, a
/// sentence is empty, or an id or a label is negative or beyond 32 bits.
PreparedData read_prepared(const std::filesystem::path& file);

/// `data`: an object array of int32 arrays, or where all sentences are equally long a plain one [sentences,
/// length]; `labels`: int32 [sentences, 1]. The file is whole or not there.
void write_prepared(const std::filesystem::path& file, const PreparedData& data);

/// Throws FormatError unless every id is below `words`; `name` is that of the file.
void check_ids(const PreparedData& data, lstmlib::Index words, const std::filesystem::path& name);

/// Throws FormatError unless every label is below `classes`; `name` is that of the file.
void check_labels(const PreparedData& data, lstmlib::Index classes, const std::filesystem::path& name);

/// Number of classes of training data: its highest label plus 1. Throws FormatError where one below that has
/// no sentence, and where there is but one.
lstmlib::Index count_classes(const PreparedData& data, const std::filesystem::path& name);

}  // namespace sentiment
