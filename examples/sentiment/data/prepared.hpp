// SPDX-License-Identifier: MIT
#pragma once
// Prepared data: sentences as word ids with labels, in train.npz, test.npz and dev.npz, in the format of
// NumPy and the Chainer scripts.

#include "lstmlib/base/index.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sentiment {

struct PreparedData {
  std::vector<std::vector<std::int32_t>> sentences;  ///< word ids, including the final `<eos>`; none is empty
  std::vector<std::int32_t> labels;                  ///< one per sentence

  bool operator==(const PreparedData&) const = default;
};

/// Reads `data` and `labels`; other arrays are ignored. A sentence may be an array or a list. Throws
/// FileError, or FormatError if an array is missing or has a wrong shape, a sentence is empty, or an id or a
/// label is negative or beyond 32 bits.
PreparedData read_prepared(const std::filesystem::path& file);

/// Writes `data`, an object array of int32 arrays (if all sentences have equal length, a plain array
/// [sentences, length]), and `labels`, int32 [sentences, 1]. The file is written atomically.
void write_prepared(const std::filesystem::path& file, const PreparedData& data);

/// Throws FormatError with the file's `name` unless every id is below `words`.
void check_ids(const PreparedData& data, lstmlib::Index words, const std::filesystem::path& name);

/// Throws FormatError with the file's `name` unless every label is below `classes`.
void check_labels(const PreparedData& data, lstmlib::Index classes, const std::filesystem::path& name);

/// Number of classes of training data: the highest label plus 1. Throws FormatError if a class has no
/// sentence or there is only one class.
lstmlib::Index count_classes(const PreparedData& data, const std::filesystem::path& name);

}  // namespace sentiment
