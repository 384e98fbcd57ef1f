// SPDX-License-Identifier: MIT
#pragma once
// Data sets that come as archives: read as they stand, nothing is unpacked to the disk.

#include "sentiment/data/datasets.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Bytes that an archive may unpack to: some times what the real ones do.
inline constexpr std::size_t largest_unpacked = std::size_t{1} << 30;

/// dbpedia_csv/train.csv and test.csv of a .tar.gz: class from 1, title, text; the text counts, the class
/// from 0. Says on standard error where bytes had to be left out. Throws FormatError, which names the
/// archive, for anything else, and for one that unpacks to more than `limit` bytes.
LabelledData read_dbpedia(const std::filesystem::path& archive, std::size_t limit = largest_unpacked,
                          const TextOptions& options = {});

/// aclImdb/{train,test}/{pos,neg}/NUMBER_STARS.txt of a .tar.gz, in the order of their names. Labels as in
/// the reference: 0 positive and 1 negative, or with `fine` 0 to 3 by stars (1-2, 3-4, 7-8, 9-10). Throws as
/// `read_dbpedia`.
LabelledData read_imdb(const std::filesystem::path& archive, bool fine, std::size_t limit = largest_unpacked,
                       const TextOptions& options = {});

/// The fields of the rows of a CSV text (RFC 4180): quotes may hold commas, line ends and doubled quotes.
/// Throws FormatError with `name` and the row for a quote that is not closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& name);

}  // namespace sentiment
