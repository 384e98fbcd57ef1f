// SPDX-License-Identifier: MIT
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/labelled_text.hpp"
#include "sentiment/data/text/normalize.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

using namespace sentiment;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::scratch;
using sentiment::test::error_of;

namespace {

std::string refusal(const std::string& bytes) {
  const auto file = scratch("dataset_file") / "train.txt";
  write_text(file, bytes);
  const std::string said = error_of([&] { read_labelled_text(file); });
  CHECK((said.empty() || said.starts_with(file.string())));
  CHECK(said.find('\n') == std::string::npos);
  return said.empty() ? said : said.substr(file.string().size());
}

}  // namespace

TEST_CASE("lines are a label, white space and a sentence; short ones are skipped") {
  const auto read = parse_labelled_text(
      "1 a fine film\r\n\n  0\tbad \u00a0 one \r12\n0 .\n\xff"
      "1 cut\xff off\n",
      "f");
  CHECK(read == std::vector<LabelledSentence>{
                    {"a fine film", 1, 1}, {"bad \u00a0 one", 0, 3}, {".", 0, 5}, {"cut off", 1, 6}});
  CHECK(parse_labelled_text("", "f").empty());
}

TEST_CASE("bad files are refused with the file, the line and the reason") {
  CHECK(refusal("").find(": no labelled sentence in it (the file is empty)") == 0);
  CHECK(refusal(" \n\t\n").find("the file is empty") != std::string::npos);
  CHECK(refusal("1\n0\n1\n").find("labels alone") != std::string::npos);
  CHECK(refusal("1 good film\n100\n").find(":2: no sentence after the label '100'") == 0);
  CHECK(refusal("1 good film\npos bad film\n").find(":2: label 'pos' is not an integer") == 0);
  CHECK(refusal("1.0 good film\n").find(":1: label '1.0' is not an integer") == 0);
  CHECK(refusal("99999999999 good film\n").find(":1: label '99999999999' is not an integer of 32 bits") == 0);
  CHECK(refusal("\xff\xfe"
                "1\0 \0")
            .find(": is UTF-16, by its byte order mark") == 0);
  CHECK(refusal("PK\x03\x04...").find(": is an .npz or other ZIP file; expected text") == 0);
  CHECK(refusal("\x93NUMPY\x01").find(": is an .npy file; expected text") == 0);
  CHECK(refusal("\x1f\x8b\x08").find(": is compressed by gzip; expected text") == 0);
  CHECK(refusal(std::string(100000, 'x') + " y\n").size() < 200);
  CHECK(refusal("1 good film\n").empty());
  const auto folder = scratch("dataset_file");
  CHECK(error_of([&] { read_labelled_text(folder / "absent"); }).find("absent") != std::string::npos);
  CHECK(error_of([&] { read_labelled_text(folder); }).find(folder.string()) != std::string::npos);
}

TEST_CASE("a byte order mark, line ends and encodings are those of all text") {
  using Sentences = std::vector<LabelledSentence>;
  CHECK(parse_labelled_text("\ufeff1 good film\r0 bad\ufeff\r\n1 x\n", "f") ==
        Sentences{{"good film", 1, 1}, {"bad\ufeff", 0, 2}, {"x", 1, 3}});
  const auto file = scratch("dataset_encodings") / "train.txt";
  write_text(file, "1 caf\xe9 \x93noir\x94\n0 bad\n");
  CHECK(read_labelled_text(file) == Sentences{{"caf noir", 1, 1}, {"bad", 0, 2}});
  CHECK(read_labelled_text(file, {Encoding::cp1252})[0].text == "caf\u00e9 \u201cnoir\u201d");
  CHECK(read_labelled_text(file, {Encoding::latin1})[0].text == "caf\u00e9 \u0093noir\u0094");
  CHECK(error_of([&] {
          read_labelled_text(file, {Encoding::utf8, true});
        }) == file.string() + ":1: the byte \\xe9 is not UTF-8; --encoding latin-1 or cp1252 may read it");
}

TEST_CASE("a line of 100,000 words is one sentence") {
  std::string line = "1";
  for (int word = 0; word < 100000; ++word) line += " word";
  const auto read = parse_labelled_text(line, "f");
  REQUIRE(read.size() == 1);
  CHECK(tokens(read[0].text).size() == 100000);
}

TEST_CASE("classes are counted from 0 and none may be missing from the training data") {
  const auto classes = [](const char* text) { return count_classes(parse_labelled_text(text, "f"), "f"); };
  CHECK(classes("0 aa\n1 bb\n1 cc\n") == 2);
  CHECK(classes("2 aa\n1 bb\n0 cc\n") == 3);
  CHECK(error_of([&] { classes("0 aa\n2 bb\n"); }).find("f: class 1 has no sentence") == 0);
  CHECK(error_of([&] { classes("1 aa\n2 bb\n"); }).find("f: class 0 has no sentence") == 0);
  CHECK(error_of([&] { classes("0 aa\n\n-1 bb\n"); }).find("f:3: label -1 is negative") == 0);
  CHECK(error_of([&] { classes("0 aa\n0 bb\n"); }).find("f: all sentences have label 0") == 0);
  const auto test = parse_labelled_text("0 aa\n1 bb\n2 cc\n", "g");
  CHECK_NOTHROW(check_labels(test, 3, "g"));
  CHECK(error_of([&] {
          check_labels(test, 2, "g");
        }).find("g:3: label 2 is not a class of the training data (0 to 1)") == 0);
}

namespace {

/// `folder` has dataset.raw and what Python reads there.
void check_rows(const std::filesystem::path& folder) {
  const auto expected = nlohmann::json::parse(read_text(folder / "dataset.expected.json"));
  const auto read = read_labelled_text(folder / "dataset.raw");
  std::size_t at = 0;
  for (const auto& row : expected["rows"]) {
    if (!row["kept"]) continue;
    REQUIRE(at < read.size());
    CAPTURE(row["line"].get<std::string>());
    CHECK(read[at].label == row["label"].get<std::int32_t>());
    CHECK(normalize(read[at].text) == row["normalized"].get<std::string>());
    CHECK(tokens(read[at].text) == row["words"].get<std::vector<std::string>>());
    CHECK(tokens(read[at].text, true) == row["chars"].get<std::vector<std::string>>());
    ++at;
  }
  CHECK(at == read.size());
}

}  // namespace

TEST_CASE("a file is read row by row as Python reads it") {
  check_rows(lstmlib::test::fixtures() / "text");
  if (kit_has("compat/text")) check_rows(kit() / "compat/text");
}

TEST_CASE(
    "what Python refuses of the kit's bad files is refused, and what it reads as nothing holds nothing") {
  if (!kit_has("compat/text")) return;
  const auto expected = nlohmann::json::parse(read_text(kit() / "compat/text/bad.expected.json"));
  for (const auto& item : expected.items()) {
    const std::string& name = item.key();
    const auto& what = item.value();
    CAPTURE(name);
    const std::string bytes = read_text(kit() / "compat/text" / what["file"].get<std::string>());
    std::size_t rows = 0;
    const std::string said = error_of([&] { rows = parse_labelled_text(bytes, "f").size(); });
    const bool read_here = name == "bom_first";  // the mark is no part of the first label
    CHECK(said.empty() == (read_here || !what.contains("python_error")));
    CHECK(rows == (read_here ? 1 : 0));
  }
}
