// SPDX-License-Identifier: MIT
// Bodies of requests and answers, without a server.
#include "sentiment/serving/read_body.hpp"
#include "sentiment/serving/write_body.hpp"

#include "lstmlib/io/npy.hpp"
#include "lstmlib/serve/message.hpp"
#include "sentiment/data/text/normalize.hpp"
#include "support.hpp"

using namespace sentiment;
using lstmlib::serve::HttpError;
namespace io = lstmlib::io;

namespace {

using Strings = std::vector<std::string>;

Strings read(std::string_view body, std::string_view type, bool char_based = false) {
  const Texts texts = read_body(body, type, char_based);
  Strings made;
  for (std::size_t i = 0; i < texts.size(); ++i) made.emplace_back(texts[i]);
  return made;
}
/// "400 text" for a body that is refused.
std::string refusal(std::string_view body, std::string_view type) {
  try {
    read_body(body, type, false);
    return "taken";
  } catch (const HttpError& error) { return std::to_string(error.status()) + " " + error.what(); }
}
std::string npy_of(const io::Array& array) { return std::string(io::as_text(io::format_npy(array))); }
/// An .npy file with this header, whatever it says.
std::string npy_file(const std::string& header, const std::string& data, char version = 1) {
  std::string file = std::string("\x93NUMPY") + version + '\0';
  for (std::size_t i = 0, size = header.size(); i < (version == 1 ? 2 : 4); ++i, size >>= 8)
    file += static_cast<char>(size);
  return file + header + data;
}
std::string head(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}
const std::string a_in_utf32("a\0\0\0", 4);

Answers answers_of(const Strings& sentences) {
  Answers made;
  for (const auto& sentence : sentences) made.texts.add(sentence);
  made.labels.assign(sentences.size(), 1);
  made.scores.assign(sentences.size(), 0.7f);
  return made;
}
std::string descr_of(const std::string& file) {
  return io::parse_npy(std::as_bytes(std::span(file)), "answer").descr();
}
std::string written(const Answers& answers, std::string_view type) {
  return write_body(answers, type, 1 << 20).body;
}

}  // namespace

TEST_CASE("texts: the fast way for ASCII and the way for everything give the same") {
  for (const std::string s : {"", " ", "A", " It is\tFUN,  and easy!\n",
                              "\x1C"
                              "a\x1F"
                              "b\x0B"
                              "c",
                              "it's \"ok\""})
    for (const bool char_based : {false, true}) {
      Texts texts(char_based);
      texts.add(s);
      std::string joined;
      const auto found = tokens(s, char_based);
      for (const auto& token : found) joined.append(&token == found.data() ? "" : " ").append(token);
      CHECK(texts[0] == joined);
      CHECK(texts.tokens(0) == found.size());
      Strings again;
      texts.for_each_token(0, [&](std::string_view token) { again.emplace_back(token); });
      CHECK(again == found);
    }
}

TEST_CASE("texts: sentences are processed as Python's strip, lower and split do it") {
  CHECK(read("[\"  Caf\\u00e9\\u3000\\u00a0NA\\u00cfVE \\u2028 d\\u00e9j\\u00e0\\u001cvu\\t\\n\"]",
             json_type) == Strings{"café naïve déjà vu"});
  CHECK(read("[\"\\u0130stanbul \\u039f\\u0394\\u039f\\u03a3 \\u03a3 \\u1e9e\"]", json_type) ==
        Strings{"i\xCC\x87stanbul οδος σ ß"});
  CHECK(read("[\"A\\u00c9 b\"]", json_type, true) == Strings{"a é   b"});
}

TEST_CASE("texts: a sentence of more words than one request may keep the model with is refused") {
  std::string many = "[\"";
  for (std::size_t i = 0; i < Texts::max_tokens; ++i) many += "a ";
  CHECK(read(many + "\"]", json_type).size() == 1);
  CHECK(refusal(many + "a\"]", json_type) ==
        "413 sentence 1 has 65537 words or characters, the limit is 65536");
}

TEST_CASE("read_body: JSON in its three forms") {
  CHECK(read(R"(["a B", "", "c"])", json_type) == Strings{"a b", "", "c"});
  CHECK(read(R"("a")", json_type) == Strings{"a"});
  CHECK(read(R"({"instances": ["a", "b"]})", json_type) == Strings{"a", "b"});
  CHECK(read_body(R"({"instances": ["a"]})", json_type, false).instances);
  CHECK_FALSE(read_body(R"(["a"])", json_type, false).instances);
  CHECK(read(R"(["\u00e9\ud83d\ude00"])", json_type) == Strings{"é😀"});
}

TEST_CASE("read_body: other JSON is refused, and the text says what and where") {
  for (const char* body : {"",
                           "[",
                           "[\"a\"",
                           "5",
                           "[1, 2]",
                           "[[\"a\"]]",
                           "null",
                           "[null]",
                           "true",
                           "[]",
                           "[\"a\"] x",
                           "[\"\xFF\xFE\"]",
                           R"(["\ud800"])",
                           "[NaN]",
                           R"({"foo": 1})",
                           R"({"instances": "a"})",
                           R"({"instances": ["a"], "b": 1})",
                           "{}",
                           R"({"instances": {"instances": ["a"]}})",
                           R"({"instances": ["a"], "instances": ["b"]})",
                           "[\"a\", 1.5]",
                           "[\"a\",]"}) {
    CAPTURE(body);
    CHECK(refusal(body, json_type).starts_with("400 "));
  }
  CHECK(refusal(std::string(100000, '['), json_type).starts_with("400 "));
  CHECK(refusal("[1]", json_type) == "400 a number, expected a list of strings");
  CHECK(refusal("[]", json_type) == "400 no sentences");
  CHECK(refusal("[\"a\"", json_type).find("line 1, column 5") != std::string::npos);
  CHECK(refusal(R"({"foo": 1})", json_type) ==
        "400 the key \"foo\" is unexpected, expected the key \"instances\"");
}

TEST_CASE(
    "read_body: a byte order mark is skipped at the start and a character elsewhere; line ends are those of "
    "files") {
  CHECK(read("\ufeffgood\rbad\r\nlast\n", csv_type) == Strings{"good", "bad", "last"});
  CHECK(read("\ufeff\"a\rb\"\r\"c\"\n", csv_type) == Strings{"a b", "c"});
  CHECK(read("good\n\ufeffbad", csv_type) == Strings{"good", "\ufeffbad"});
  CHECK(read("\ufeff\"a\"\r{\"source\": \"b\"}\r\n\"\ufeffc\"", json_lines_type) ==
        Strings{"a", "b", "\ufeffc"});
  CHECK(read("\ufeff[\"a\", \"\ufeffb\"]", json_type) == Strings{"a", "\ufeffb"});
}

TEST_CASE("read_body: JSON lines") {
  CHECK(read("\"a\"\n{\"source\": \"B\"}\r\n\"c\"", json_lines_type) == Strings{"a", "b", "c"});
  CHECK(refusal("\"a\"\n{bad}\n", json_lines_type).starts_with("400 line 2: "));
  CHECK(refusal("\"a\"\n\n\"b\"", json_lines_type).starts_with("400 line 2: "));
  CHECK(refusal("[\"a\"]", json_lines_type) ==
        "400 line 1: a list, expected a string or {\"source\": string}");
  CHECK(refusal("{\"source\": [\"a\"]}", json_lines_type).starts_with("400 line 1: "));
  CHECK(refusal("", json_lines_type) == "400 no sentences");
}

TEST_CASE("read_body: CSV, lines as they are and fields in quotes") {
  CHECK(read("a, b and c\nd\r\n\ne", csv_type) == Strings{"a, b and c", "d", "", "e"});
  CHECK(read("\"a, \"\"b\"\"\"\r\n\"two\nlines\"\nlast\n", csv_type) ==
        Strings{"a, \"b\"", "two lines", "last"});
  CHECK(read("\"quoted\" at the start\nb", csv_type) == Strings{"\"quoted\" at the start", "b"});
  CHECK(read("\"open\nb", csv_type) == Strings{"\"open", "b"});
  CHECK(read("\"\"", csv_type) == Strings{""});
  CHECK(read("\n", csv_type) == Strings{""});
  CHECK(refusal("", csv_type) == "400 no sentences");
  CHECK(refusal("a\xFF", csv_type) == "400 the body is not UTF-8");
}

TEST_CASE("read_body: .npy files of texts, of all versions, orders and widths") {
  const io::Array two = io::Array::from_strings({"A film", "b"}, {2});
  CHECK(read(npy_of(two), npy_type) == Strings{"a film", "b"});
  CHECK(read(npy_of(io::Array::from_strings({"A"}, {})), npy_type) == Strings{"a"});
  for (const char version : {'\1', '\2', '\3'})
    CHECK(read(npy_file(head("<U1", "(1,)"), a_in_utf32, version), npy_type) == Strings{"a"});
  CHECK(read(npy_file(head(">U1", "(1,)"), std::string("\0\0\0a", 4)), npy_type) == Strings{"a"});
  CHECK(read(npy_file(head("<U3", "(1,)"), a_in_utf32 + std::string(8, '\0')), npy_type) == Strings{"a"});
}

TEST_CASE("read_body: no pickle, no other array, no header that promises too much") {
  const std::string good = npy_file(head("<U1", "(1,)"), a_in_utf32);
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"empty", ""},
      {"magic", "\x93NUMPY"},
      {"other magic", "PK\3\4" + good},
      {"truncated", good.substr(0, good.size() - 1)},
      {"longer", good + "x"},
      {"header cut", good.substr(0, 40)},
      {"two axes", npy_file(head("<U1", "(1, 1)"), a_in_utf32)},
      {"numbers", npy_of(io::Array::from(std::vector<double>{1, 2}, {2}))},
      {"pickle", npy_of(io::Array::object(io::Value()))},
      {"bytes", npy_file(head("|S1", "(1,)"), "a")},
      {"structure", npy_file("{'descr': [('a', '<U4')], 'fortran_order': False, 'shape': (1,), }", "")},
      {"none", npy_file(head("<U1", "(0,)"), "")},
      {"no width", npy_file(head("<U0", "(4611686018427387904,)"), "")},
      {"negative", npy_file(head("<U1", "(-1,)"), a_in_utf32)},
      {"overflow", npy_file(head("<U1", "(4611686018427387905,)"), a_in_utf32)},
      {"item overflow", npy_file(head("<U4294967297", "(1,)"), a_in_utf32)},
      {"code", npy_file("__import__('os').system('true')", "")},
      {"missing key", npy_file("{'descr': '<U1', 'shape': (1,), }", a_in_utf32)},
      {"too high", npy_file(head("<U1", "(1,)"), "\xFF\xFF\xFF\x7F")},
      {"surrogate", npy_file(head("<U1", "(1,)"), std::string("\0\xD8\0\0", 4))},
      {"version 9", npy_file(head("<U1", "(1,)"), a_in_utf32, '\x9')},
      {"huge header", std::string("\x93NUMPY\2\0\xFF\xFF\xFF\x7F", 12) + std::string(100, '{')}};
  for (const auto& one : bad) {
    CAPTURE(one.first);
    CHECK(refusal(one.second, npy_type).starts_with("400 "));
  }
}

TEST_CASE("write_body: the bytes that Python's json, csv and NumPy write") {
  Answers answers = answers_of({"a film", "caf\xC3\xA9 \xF0\x9F\x98\x80, \"x\""});
  CHECK(written(answers, json_type) ==
        R"([["a film", 1, 0.699999988079071], ["caf\u00e9 \ud83d\ude00, \"x\"", 1, 0.699999988079071]])");
  CHECK(written(answers, json_lines_type) ==
        "[\"a film\", 1, 0.699999988079071]\n[\"caf\\u00e9 \\ud83d\\ude00, \\\"x\\\"\", 1, "
        "0.699999988079071]\n");
  CHECK(written(answers, csv_type) ==
        "a film,1,0.699999988079071\n\"caf\xC3\xA9 \xF0\x9F\x98\x80, \"\"x\"\"\",1,0.699999988079071\n");
  answers.texts.instances = true;
  CHECK(written(answers, json_type).starts_with("{\"predictions\": [[\"a film\", 1"));
  const std::string file = written(answers, npy_type);
  CHECK(file.substr(0, 10) == std::string("\x93NUMPY\1\0v\0", 10));
  CHECK(file.substr(10, 118) ==
        "{'descr': '<U32', 'fortran_order': False, 'shape': (2, 3), }" + std::string(57, ' ') + "\n");
  CHECK(file.size() == 128 + 2 * 3 * 32 * 4);
  CHECK(io::parse_npy(std::as_bytes(std::span(file)), "answer").strings() ==
        Strings{"a film", "1", "0.699999988079071", "caf\xC3\xA9 \xF0\x9F\x98\x80, \"x\"", "1",
                "0.699999988079071"});
  CHECK(descr_of(written(answers_of({std::string(33, 'z')}), npy_type)) == "<U33");
}

TEST_CASE("write_body: csv quotes line ends, which are characters to a model of characters") {
  Answers answers;
  answers.texts = Texts(true);
  for (const char* text : {"a\nb", "a\rb", "ab"}) answers.texts.add(text);
  answers.labels = {0, 1, 1};
  answers.scores = {0.5f, 0.5f, 0.5f};
  CHECK(written(answers, csv_type) == "\"a \n b\",0,0.5\n\"a \r b\",1,0.5\na b,1,0.5\n");
}

TEST_CASE("write_body: json.dumps' escapes") {
  std::string json;
  append_json_text(json, std::string_view("\0\x01\b\t\n\f\r\"\\/\x1F\x7F\xC2\x80\xE2\x80\xA8", 17));
  CHECK(json == "\"\\u0000\\u0001\\b\\t\\n\\f\\r\\\"\\\\/\\u001f\x7F\\u0080\\u2028\"");
}

TEST_CASE("write_body: an answer that would be too large is refused before it is made") {
  const Answers answers = answers_of(Strings(1000, "a"));
  for (const auto type : body_types) {
    try {
      write_body(answers, type, 1000);
      FAIL("written");
    } catch (const HttpError& error) { CHECK(error.status() == 413); }
  }
}
