// SPDX-License-Identifier: MIT
#include "sentiment/commands/notebook_sentences.hpp"
#include "sentiment/data/corpus/corpus.hpp"
#include "sentiment/data/file.hpp"
#include "support.hpp"

using namespace sentiment;
using lstmlib::test::kit;
using lstmlib::test::kit_has;

using Lines = std::vector<std::string>;

TEST_CASE("sentences: the first lines of a text") {
  CHECK(first_lines("a\nb\r\n\nc", 3) == Lines{"a", "b", ""});
  CHECK(first_lines("a\nb", 9) == Lines{"a", "b"});
  CHECK(first_lines("", 9).empty());
}

TEST_CASE("sentences: lines until their characters are enough, the label cut") {
  // Python: [l[1:].strip() for l in io.StringIO(text).readlines(9)], which goes on at exactly as many
  CHECK(first_sentences("1 ab\n0 cd\n1 ef\n", 9) == Lines{"ab", "cd"});
  CHECK(first_sentences("1 ab\n0 cd\n1 ef\n", 10) == Lines{"ab", "cd", "ef"});
  CHECK(first_sentences("1 ab\n0 cd", 100) == Lines{"ab", "cd"});
  CHECK(first_sentences("1 \u00e9\u00e9\n\u00e9 \u65e5 \n\n1 no\n", 10) ==
        Lines{"\u00e9\u00e9", "\u65e5", ""});
  CHECK(first_sentences("", 100).empty());
}

TEST_CASE("sentences: a data set's lines are those of its files") {
  CHECK(read_lines(find_dataset("films"), {}, 0).test == corpus::test());
  if (!kit_has("data/stsa.binary.test")) return;
  DatasetPlaces places;
  places.folder = kit() / "data";
  places.offline = true;
  const LabelledLines lines = read_lines(find_dataset("stsa.binary"), places, 0);
  CHECK(lines.train == read_text(kit() / "data" / "stsa.binary.train"));
  std::size_t characters = 0;
  const auto sentences = first_sentences(lines.test);
  for (const auto& line : first_lines(lines.test, sentences.size() - 1)) characters += line.size() + 1;
  CHECK(characters <= 2000);
  CHECK(characters + first_lines(lines.test, sentences.size()).back().size() + 1 > 2000);
}
