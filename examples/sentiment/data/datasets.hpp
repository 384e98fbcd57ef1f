// SPDX-License-Identifier: MIT
#pragma once
// The data sets that the program knows: their files, where those come from, and what is in them.

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
  std::string_view name;      ///< empty: there is no such file
  std::uint64_t bytes = 0;    ///< 0: not known
  std::string_view sha256{};  ///< in hex; empty: not known, so what comes from the network cannot be checked
  std::string_view folder{};  ///< address of its folder; empty: that of most
};

enum class DatasetFormat {
  lines,     ///< a label and a sentence on each line
  dbpedia,   ///< an archive of train.csv and test.csv
  imdb,      ///< an archive of one file per review
  built_in,  ///< part of the program
};

struct Dataset {
  std::string_view name;
  std::string_view about;
  std::int32_t classes;
  DatasetFormat format;
  lstmlib::Index train_size, dev_size,
      test_size;                     ///< sentences; without a test file: those of the one file, 0, 0
  DatasetFile train, dev{}, test{};  ///< `train` is all there is where there is no test file
  bool fine = false;                 ///< imdb: by stars, not by good and bad
  std::string_view class_names{};    ///< from class 0 on, with commas between; empty: not known

  /// Whether name, size and hash of its files are known to be right.
  bool verified() const { return format == DatasetFormat::built_in || !train.sha256.empty(); }
  /// Whether its only file is divided into training and test sentences by chance.
  bool divided() const { return format == DatasetFormat::lines && test.name.empty(); }
  /// Its files, one to three; none of the one that is built in.
  std::vector<DatasetFile> files() const;
};

/// All of them. The last is the small corpus that is part of the program, `films`.
std::span<const Dataset> known_datasets();

/// Throws Error, which lists all names, for another name.
const Dataset& find_dataset(std::string_view name);

/// Where files are looked for, in this order: a folder of the user's, the cache, the network.
struct DatasetPlaces {
  std::filesystem::path folder;  ///< `--data`; empty: none
  std::filesystem::path cache;   ///< empty: none, then nothing is downloaded
  std::string address;           ///< of a mirror's folder with all files; empty: where each file comes from
  bool offline = false;          ///< never ask the network
  bool quiet = false;            ///< no progress
  DownloadRetries retries{};

  /// LSTMLIB_DATASET_ROOT, XDG_CACHE_HOME, HOME, LSTMLIB_DATASET_URL, LSTMLIB_OFFLINE.
  static DatasetPlaces from_environment();
};

/// The file in the folder or, with the right content where that is known, in the cache; nothing where it is
/// in neither.
std::optional<std::filesystem::path> local_file(const DatasetFile& file, const DatasetPlaces& places);

/// The file, downloaded into the cache if need be. Throws UnavailableError, which says where to put which
/// file, where it is nowhere; FormatError for a download that is not the file that is known.
std::filesystem::path obtain_file(const DatasetFile& file, const DatasetPlaces& places);

struct LabelledPart {
  std::string name;  ///< of its file, for messages
  std::vector<LabelledSentence> sentences;
};
struct LabelledData {
  LabelledPart train, dev, test;  ///< `dev` may be empty
};

/// All sentences of a data set. `seed` decides how a data set of one file is divided, 90 to 10. Throws as
/// `obtain_file` and the readers do.
LabelledData load_dataset(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed,
                          const TextOptions& text = {});

/// Divides the sentences of one file by chance: one in ten, rounded up, for the test.
LabelledData divide(LabelledPart all, std::uint64_t seed);

}  // namespace sentiment
