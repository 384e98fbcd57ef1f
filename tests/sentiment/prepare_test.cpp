// SPDX-License-Identifier: MIT
#include "sentiment/data/prepare.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/prepared.hpp"
#include "sentiment/environment.hpp"
#include "sentiment/http_server.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"
#include "support.hpp"

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::scratch;

namespace {

/// Files of a data set of somebody's own.
PrepareOptions own_files(const std::string& name) {
  const auto folder = scratch(name);
  write_text(folder / "my.train", "1 Good good film\n0 bad film\n");
  write_text(folder / "my.test", "0 bad news\n");
  PrepareOptions options;
  options.train = folder / "my.train";
  options.test = folder / "my.test";
  options.out = folder / "out";
  options.quiet = true;
  return options;
}

}  // namespace

TEST_CASE("text becomes ids, labels and a vocabulary") {
  const auto options = own_files("prepare_own");
  const PrepareResult result = prepare(options);
  CHECK(result.classes == 2);
  CHECK(result.words == 4);
  CHECK(result.train_size == 2);
  CHECK(result.dev_size == 0);
  CHECK(result.test_size == 1);
  CHECK(read_vocabulary(options.out / "vocab/vocab.npy").entries() ==
        std::vector<Vocabulary::Entry>{{"<eos>", 0}, {"<unk>", 1}, {"film", 2}, {"good", 3}});
  CHECK(read_prepared(options.out / "train/train.npz") == PreparedData{{{3, 3, 2, 0}, {1, 2, 0}}, {1, 0}});
  CHECK(read_prepared(options.out / "test/test.npz") == PreparedData{{{1, 1, 0}}, {0}});
  CHECK_FALSE(std::filesystem::exists(options.out / "dev"));
}

TEST_CASE("the limits of the vocabulary and characters are options") {
  auto options = own_files("prepare_limits");
  options.limits = {.max_size = 3, .min_frequency = 1};
  CHECK(prepare(options).words == 3);
  options.limits = {.max_size = 100, .min_frequency = 1};
  CHECK(prepare(options).words == 5);
  options.char_based = true;
  prepare(options);
  const auto vocabulary = read_vocabulary(options.out / "vocab/vocab.npy");
  CHECK(vocabulary.id(" ") > 1);
  CHECK(read_prepared(options.out / "test/test.npz").sentences[0] == vocabulary.ids("bad news", true));
}

TEST_CASE("a dev file is written, and one of an earlier run goes") {
  auto options = own_files("prepare_dev");
  options.dev = options.train;
  CHECK(prepare(options).dev_size == 2);
  CHECK(read_prepared(options.out / "dev/dev.npz") == read_prepared(options.out / "train/train.npz"));
  options.dev.clear();
  prepare(options);
  CHECK_FALSE(std::filesystem::exists(options.out / "dev/dev.npz"));
}

TEST_CASE("bad input is refused before anything is written") {
  const auto refusal = [](const std::string& train, const std::string& test) {
    auto options = own_files("prepare_bad");
    write_text(options.train, train);
    write_text(options.test, test);
    const std::string said = error_of([&] { prepare(options); });
    CHECK_FALSE(std::filesystem::exists(options.out));
    return said;
  };
  CHECK(says(refusal("1 good\n0 bad\n", "2 odd one\n"),
             "my.test:1: label 2 is not a class of the training data (0 to 1)"));
  CHECK(says(refusal("2 good\n0 bad\n", "0 bad\n"), "my.train: class 1 has no sentence"));
  CHECK(says(refusal("", "0 bad\n"), "my.train: no labelled sentence in it"));
  CHECK(says(refusal("1\n0\n", "0 bad\n"), "labels alone"));
  CHECK(says(refusal("1 good\n0 bad\n", "x bad\n"), "my.test:1: label 'x'"));
  auto options = own_files("prepare_bad");
  options.test = options.test.string() + ".absent";
  CHECK(says(error_of([&] { prepare(options); }), "my.test.absent"));
  options = own_files("prepare_bad");
  options.out = options.train / "below_a_file";
  CHECK(says(error_of([&] { prepare(options); }), "below_a_file"));
}

TEST_CASE("a data set is downloaded, prepared, and then found in the cache") {
  const auto folder = scratch("prepare_download");
  std::string lines;
  for (int number = 0; number < 50; ++number)
    lines += std::to_string(number % 2) + " word" + std::to_string(number % 2) + "\n";
  const HttpServer server([&](const HttpRequest&) { return whole(lines); });
  const SetVariable root("LSTMLIB_DATASET_ROOT", (folder / "cache").string()),
      mirror("LSTMLIB_DATASET_URL", server.address());
  PrepareOptions options;
  options.dataset = "custrev";
  options.out = folder / "out";
  options.quiet = true;
  {
    const SetVariable offline("LSTMLIB_OFFLINE", "1");
    CHECK_THROWS_AS(prepare(options), UnavailableError);
    CHECK_FALSE(std::filesystem::exists(options.out));
  }
  const SetVariable online("LSTMLIB_OFFLINE", std::nullopt);
  const PrepareResult result = prepare(options);
  CHECK(result.train_size == 45);
  CHECK(result.test_size == 5);
  CHECK(result.words == 4);
  prepare(options);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("the small corpus is prepared without files and network") {
  PrepareOptions options;
  options.dataset = "films";
  options.out = scratch("prepare_films");
  const PrepareResult result = prepare(options);
  CHECK(result.classes == 2);
  CHECK(result.dev_size > 100);
  const auto train = read_prepared(options.out / "train/train.npz");
  CHECK(static_cast<lstmlib::Index>(train.sentences.size()) == result.train_size);
  CHECK_NOTHROW(check_ids(train, result.words, "train.npz"));
}

TEST_CASE("a data set's own dev file is always written") {
  if (!kit_has("data")) return;
  PrepareOptions options;
  options.dataset = "stsa.binary";
  options.data = kit() / "data";
  options.out = scratch("prepare_stsa");
  const PrepareResult result = prepare(options);
  CHECK(result.train_size == 6920);
  CHECK(result.dev_size == 872);
  CHECK(result.test_size == 1821);
  CHECK(std::filesystem::exists(options.out / "dev/dev.npz"));
}
