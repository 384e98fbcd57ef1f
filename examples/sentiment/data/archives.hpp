// SPDX-License-Identifier: MIT
#pragma once
// Data sets in archives. They are read directly; nothing is unpacked to disk.

#include "sentiment/data/datasets.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Limit of an archive's decompressed size, several times that of the real archives.
inline constexpr std::size_t largest_unpacked = std::size_t{1} << 30;

/// Reads dbpedia_csv/train.csv and test.csv of a .tar.gz. Their columns are class (from 1), title and text;
/// title is ignored, and classes are returned from 0. Reports skipped bytes on standard error. Throws
/// FormatError with the archive's name for anything else, and for an archive that decompresses to more than
/// `limit` bytes.
LabelledData read_dbpedia(const std::filesystem::path& archive, std::size_t limit = largest_unpacked,
                          const TextOptions& options = {});

/// Reads aclImdb/{train,test}/{pos,neg}/NUMBER_STARS.txt of a .tar.gz in the order of the names. Labels as in
/// the Chainer scripts: 0 positive and 1 negative, or with `fine` 0 to 3 by stars (1-2, 3-4, 7-8, 9-10).
/// Throws like `read_dbpedia`.
LabelledData read_imdb(const std::filesystem::path& archive, bool fine, std::size_t limit = largest_unpacked,
                       const TextOptions& options = {});

/// Parses CSV (RFC 4180): quoted fields may contain commas, line ends and doubled quotes. Throws FormatError
/// with `name` and the row number if a quote is not closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& name);

}  // namespace sentiment
