// SPDX-License-Identifier: MIT
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/labelled_text.hpp"
#include "sentiment/data/text/normalize.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"
#include "hostile.hpp"

#include "lstmlib/io/npy.hpp"

#include <nlohmann/json.hpp>

#include <set>

using namespace sentiment;
using lstmlib::FormatError;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::scratch;
using sentiment::test::error_of;

namespace {

using Entries = std::vector<Vocabulary::Entry>;
using Ids = std::vector<std::int32_t>;

std::vector<std::vector<std::string>> split_all(const std::vector<std::string>& sentences,
                                                bool char_based = false) {
  std::vector<std::vector<std::string>> split;
  for (const auto& sentence : sentences) split.push_back(tokens(sentence, char_based));
  return split;
}

}  // namespace

TEST_CASE("words are numbered by falling count, ties by code points") {
  const auto vocabulary =
      Vocabulary::build(split_all({"b b a a \u00e9 \u00e9 z", "\U0001F600 \U0001F600 \uffee \uffee c c c"}));
  CHECK(vocabulary.entries() == Entries{{"<eos>", 0},
                                        {"<unk>", 1},
                                        {"c", 2},
                                        {"a", 3},
                                        {"b", 4},
                                        {"\u00e9", 5},
                                        {"\uffee", 6},
                                        {"\U0001F600", 7}});
  CHECK(vocabulary.size() == 8);
  CHECK(vocabulary.id("c") == 2);
  CHECK(vocabulary.id("z") == 1);
  CHECK(vocabulary.ids("C z  A") == Ids{2, 1, 3, 0});
  CHECK(vocabulary.ids("") == Ids{0});
  CHECK(vocabulary.ids("ca", true) == Ids{2, 3, 0});
}

TEST_CASE("a vocabulary keeps to its limits, in which the marks count") {
  const auto sentences = split_all({"a a a b b c"});
  CHECK(Vocabulary::build(sentences, {.max_size = 4, .min_frequency = 1}).entries() ==
        Entries{{"<eos>", 0}, {"<unk>", 1}, {"a", 2}, {"b", 3}});
  CHECK(Vocabulary::build(sentences, {.max_size = 100, .min_frequency = 3}).size() == 3);
  CHECK(Vocabulary::build({}, {}).size() == 2);
}

TEST_CASE("words that read like the marks take their entries over, as in the reference") {
  const auto vocabulary = Vocabulary::build(split_all({"a a a a <unk> <unk> <unk> b b"}));
  CHECK(vocabulary.entries() == Entries{{"<eos>", 0}, {"<unk>", 3}, {"a", 2}, {"b", 3}});
  CHECK(vocabulary.ids("a <unk> nowhere b") == Ids{2, 3, 3, 3, 0});
  const auto last = Vocabulary::build(split_all({"a a a <eos> <eos>"}));
  CHECK(last.entries() == Entries{{"<eos>", 2}, {"<unk>", 1}, {"a", 2}});
}

TEST_CASE("vocab.json has the bytes of Python's json.dump, and reads back") {
  const Vocabulary vocabulary({{"<eos>", 0},
                               {"<unk>", 1},
                               {"\u00e9t\u00e9", 2},
                               {"\"\\/", 3},
                               {"\U0001F600", 4},
                               {"\x7f\b\f\n\r\t\x01", 5}});
  const std::string json = vocabulary_json(vocabulary);
  CHECK(
      json ==
      R"({"<eos>": 0, "<unk>": 1, "\u00e9t\u00e9": 2, "\"\\/": 3, "\ud83d\ude00": 4, "\u007f\b\f\n\r\t\u0001": 5})");
  CHECK(parse_vocabulary_json(json, "vocab.json") == vocabulary);
  const auto file = scratch("vocabulary") / "deep" / "vocab.json";
  write_vocabulary_json(file, vocabulary);
  CHECK(read_text(file) == json);
  CHECK(read_vocabulary(file) == vocabulary);
}

TEST_CASE("vocab.npy is an object array without axes that holds a dict, and reads back") {
  const Vocabulary vocabulary({{"<eos>", 0}, {"<unk>", 1}, {"\u00e9", 2}, {"\U0001F600", 3}});
  const auto file = scratch("vocabulary_npy") / "vocab" / "vocab.npy";
  write_vocabulary_npy(file, vocabulary);
  CHECK(read_vocabulary(file) == vocabulary);
  const auto array = lstmlib::io::read_npy(file);
  CHECK(array.shape.empty());
  REQUIRE(array.objects.size() == 1);
  CHECK(array.objects[0].kind_name() == "dict");
}

TEST_CASE("an unusable vocab.json is refused with one line that names the file and the reason") {
  const auto refusal = [](std::string_view json) {
    return error_of([&] { parse_vocabulary_json(json, "v.json"); });
  };
  const std::string marks = R"("<eos>": 0, "<unk>": 1)";
  const std::pair<std::string, std::string> cases[] = {
      {"", "byte 1: not JSON"},
      {"[1]", "it holds a list"},
      {"7", "it holds 7"},
      {"{}", "no entry '<eos>'"},
      {"{" + marks, "not JSON"},
      {"{" + marks + "} x", "not JSON"},
      {R"({"<eos>": 0})", "no entry '<unk>'"},
      {"{" + marks + R"(, "a": -1})", "id of 'a' is -1"},
      {"{" + marks + R"(, "a": 2.0})", "id of 'a' is 2.0"},
      {"{" + marks + R"(, "a": 3})", "id 3 of 'a' is not in 0 to 2"},
      {"{" + marks + R"(, "a": 99999999999999999999})", "id of 'a' is 99999999999999999999"},
      {"{" + marks + R"(, "a": "2"})", "id of 'a' is a text"},
      {"{" + marks + R"(, "a": {"b": 2}})", "id of 'a' is an object"},
      {"{" + marks + R"(, "a": null})", "id of 'a' is null"},
      {"{" + marks + R"(, "a": 2, "a": 2})", "the word 'a' appears twice"},
      {"{" + marks + ", \"\xff\": 2}", "not UTF-8 (after the word '<unk>')"},
      {"{" + marks + R"(, "\ud83d": 2})", "half of a surrogate pair"},
      {"{" + marks + R"(, "\ude00": 2})", "half of a surrogate pair"},
      {"{" + marks + R"(, "a)", "it ends too early"},
      {std::string(200000, '['), "it holds a list"},
  };
  for (const auto& item : cases) {
    const std::string &json = item.first, &reason = item.second;
    CAPTURE(json.substr(0, 80));
    const std::string text = refusal(json);
    CAPTURE(text);
    CHECK(text.starts_with("v.json: "));
    CHECK(text.find(reason) != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  }
}

TEST_CASE("a vocab.npy that holds no vocabulary is refused") {
  namespace io = lstmlib::io;
  const auto folder = scratch("vocabulary_bad");
  const auto refusal = [&](const io::Array& array) {
    io::write_npy(folder / "vocab.npy", array);
    return error_of([&] { read_vocabulary(folder / "vocab.npy"); });
  };
  const auto dict = [](io::Value id) {
    return io::Array::object(io::Dict{{"<eos>", 0}, {"<unk>", 1}, {"a", std::move(id)}});
  };
  CHECK(refusal(dict(2)).empty());
  CHECK(refusal(dict(3)).find("id 3 of 'a'") != std::string::npos);
  CHECK(refusal(dict(-1)).find("id -1 of 'a'") != std::string::npos);
  const std::string file = (folder / "vocab.npy").string();
  CHECK(refusal(dict(1.5)) == file + ": the id of 'a' is a float (1.5), expected an int from 0 to 2");
  CHECK(refusal(dict("x")) == file + ": the id of 'a' is a str ('x'), expected an int from 0 to 2");
  CHECK(refusal(dict(io::List{2})) == file + ": the id of 'a' is a list, expected an int from 0 to 2");
  CHECK(refusal(dict(io::Array::scalar(2.0))) ==
        file + ": the id of 'a' is an array of float64 (), expected an int from 0 to 2");
  CHECK(refusal(dict(io::Array::scalar(std::uint64_t{1} << 63))).starts_with(file + ": the id of 'a' is "));
  CHECK(refusal(dict(io::Array::from_strings({"2"}, {}))).starts_with(file + ": the id of 'a' is "));
  CHECK(refusal(dict(io::Array::scalar(std::uint8_t{2}))).empty());
  CHECK(refusal(io::Array::object(io::Dict{{1, 0}})) ==
        file + ": entry 0 has a key of type int; expected a word (str) and its id (int)");
  CHECK(refusal(io::Array::object(io::List{1})).find("expected an object array that holds one dict") !=
        std::string::npos);
  CHECK(refusal(io::Array::from(std::vector<float>{1}, {1})).find("array of float32 (1,)") !=
        std::string::npos);
  CHECK(error_of([&] { read_vocabulary(folder / "absent.json"); }).find("absent.json") != std::string::npos);
}

TEST_CASE("vocabularies of the kit's corpus come out as Chainer's, quirk included") {
  if (!kit_has("compat/text")) return;
  const auto expected = nlohmann::json::parse(read_text(kit() / "compat/text/dataset.expected.json"));
  const auto sentences = read_labelled_text(kit() / "compat/text/dataset.raw");
  for (const auto& item : expected["vocabularies"].items()) {
    const std::string& name = item.key();
    const auto& entries = item.value();
    CAPTURE(name);
    const auto cap = name.find("_cap"), least = name.find("_minfreq");
    std::vector<std::string> texts;
    for (const auto& sentence : sentences) texts.push_back(sentence.text);
    const auto built = Vocabulary::build(
        split_all(texts, name.starts_with("chars")),
        {.max_size = std::stol(name.substr(cap + 4)), .min_frequency = std::stol(name.substr(least + 8))});
    CHECK(built.entries() == entries.get<Entries>());
    if (name != "words_cap20000_minfreq2") continue;
    CHECK(vocabulary_json(built) == read_text(kit() / "compat/text/vocab_as_written.json"));
    const auto& rows = expected["ids_with_words_cap20000_minfreq2"];
    REQUIRE(rows.size() == sentences.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      CHECK(built.ids(sentences[row].text) == rows[row][0].get<Ids>());
      CHECK(sentences[row].label == rows[row][1].get<std::int32_t>());
    }
  }
}

TEST_CASE("vocabularies that NumPy wrote are read, whatever the version and protocol") {
  if (!kit_has("compat/numpy")) return;
  for (const char* tag : {"numpy1", "numpy2", "python27_numpy114", "python36_numpy114"}) {
    const auto expected = nlohmann::ordered_json::parse(
        read_text(kit() / "compat/numpy" / (std::string("expected_objects_") + tag + ".json")));
    for (const auto& item : expected["files"].items()) {
      const std::string& path = item.key();
      const auto& what = item.value();
      if (path.find("/vocab") == std::string::npos || what["values"].contains("rule")) continue;
      CAPTURE(path);
      Entries entries;
      for (const auto& [word, id] : what["values"].items())
        entries.emplace_back(word, id.get<std::int32_t>());
      auto read = read_vocabulary(kit() / "compat/numpy" / path).entries();
      // The order of a JSON object may be another than that of the dict.
      CHECK(std::set(read.begin(), read.end()) == std::set(entries.begin(), entries.end()));
      CHECK(read.size() == entries.size());
    }
  }
}

TEST_CASE("hostile vocabularies are refused") {
  std::size_t tried = 0;
  const auto hostile = lstmlib::test::hostile_files();
  for (const auto& file : hostile.files) {
    if (file.area != "vocabulary" && !file.name.starts_with("vocab_json")) continue;
    CAPTURE(file.name);
    const std::string said = error_of([&] { read_vocabulary(file.path); });
    if (file.must_refuse) CHECK_FALSE(said.empty());
    if (!said.empty()) CHECK(said.find(file.name) != std::string::npos);
    ++tried;
  }
  CHECK(tried > (hostile.with_kit ? 15u + 6u : 5u));
}
