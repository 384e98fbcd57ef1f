// SPDX-License-Identifier: MIT
#pragma once
// The known data sets: their files, download addresses and formats.

#include "lstmlib/base/index.hpp"
#include "sentiment/data/download.hpp"
#include "sentiment/data/labelled_text.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

struct DatasetFile {
  std::string_view name;      ///< empty: no such file
  std::uint64_t bytes = 0;    ///< 0: unknown
  std::string_view sha256{};  ///< in hex; empty: unknown, so a download cannot be checked
  std::string_view folder{};  ///< address of its folder; empty: the default
};

enum class DatasetFormat {
  lines,     ///< a label and a sentence per line
  dbpedia,   ///< archive with train.csv and test.csv
  imdb,      ///< archive with one file per review
  built_in,  ///< compiled into the program
};

struct Dataset {
  std::string_view name;
  std::string_view about;
  std::int32_t classes;
  DatasetFormat format;
  lstmlib::Index train_size, dev_size,
      test_size;                     ///< sentences; without a test file: all in train_size
  DatasetFile train, dev{}, test{};  ///< `train` is the only file if there is no test file
  bool fine = false;                 ///< imdb: four classes by stars instead of two
  std::string_view class_names{};    ///< from class 0, separated by commas; empty: unknown

  /// Whether name, size and hash of its files were verified.
  bool verified() const { return format == DatasetFormat::built_in || !train.sha256.empty(); }
  /// Whether its only file is split randomly into training and test sentences.
  bool divided() const { return format == DatasetFormat::lines && test.name.empty(); }
  /// Its one to three files; none if the data set is built in.
  std::vector<DatasetFile> files() const;
};

/// All data sets. The last one is `films`, the built-in corpus.
std::span<const Dataset> known_datasets();

/// Throws Error that lists all names if the name is unknown.
const Dataset& find_dataset(std::string_view name);

/// Where to look for files, in this order: a user's folder, the cache, the network.
struct DatasetPlaces {
  std::filesystem::path folder;  ///< `--data`; empty: none
  std::filesystem::path cache;   ///< empty: no cache and no downloads
  std::string address;           ///< folder of a mirror with all files; empty: the original addresses
  bool offline = false;          ///< never use the network
  bool quiet = false;            ///< show no progress
  DownloadRetries retries{};

  /// Reads LSTMLIB_DATASET_ROOT, XDG_CACHE_HOME, HOME, LSTMLIB_DATASET_URL and LSTMLIB_OFFLINE.
  static DatasetPlaces from_environment();
};

/// The file in the user's folder or in the cache (where a known hash must match). Nothing if it is in
/// neither.
std::optional<std::filesystem::path> local_file(const DatasetFile& file, const DatasetPlaces& places);

/// The file, downloaded into the cache if needed. Throws UnavailableError that says where to put the file if
/// it cannot be found, and FormatError if a download does not match the known hash.
std::filesystem::path obtain_file(const DatasetFile& file, const DatasetPlaces& places);

struct LabelledPart {
  std::string name;  ///< file name, for messages
  std::vector<LabelledSentence> sentences;
};
struct LabelledData {
  LabelledPart train, dev, test;  ///< `dev` may be empty
};

/// All sentences of a data set. If it has a single file, `seed` determines the split, 90 to 10. Throws what
/// `obtain_file` and the readers throw.
LabelledData load_dataset(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed,
                          const TextOptions& text = {});

/// Splits sentences randomly. One in ten, rounded up, is for the test.
LabelledData divide(LabelledPart all, std::uint64_t seed);

}  // namespace sentiment
