// SPDX-License-Identifier: MIT
#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/text/normalize.hpp"
#include "sentiment/data/text/unicode.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

using namespace sentiment;
using lstmlib::test::kit;
using lstmlib::test::kit_has;

namespace {

using Words = std::vector<std::string>;

Words copies(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return bytes;
}

/// The text of code points in hex: "0069 0307".
std::string utf8(const std::string& code_points) {
  std::string text, code_point;
  for (std::istringstream stream(code_points); stream >> code_point;)
    lstmlib::io::append_utf8(text, static_cast<char32_t>(std::stoul(code_point, nullptr, 16)));
  return text;
}

nlohmann::json kit_json(const char* name) {
  return nlohmann::json::parse(std::ifstream(kit() / "compat/text" / name));
}

/// What Python makes of texts: the project's own file of this name, and the kit's where it is.
std::vector<nlohmann::json> made_by_python(const char* name) {
  std::vector<nlohmann::json> all{
      nlohmann::json::parse(std::ifstream(lstmlib::test::fixtures() / "text" / name))};
  if (kit_has("compat/text")) all.push_back(kit_json(name));
  return all;
}

}  // namespace

TEST_CASE("decoding drops what is not UTF-8 and keeps the rest") {
  CHECK(decode_utf8("caf\xe9 latin") == "caf latin");
  CHECK(decode_utf8("cut \xe2\x82 short") == "cut  short");
  CHECK(decode_utf8("overlong \xc0\xaf, surrogate \xed\xa0\x80, beyond \xf4\x90\x80\x80.") ==
        "overlong , surrogate , beyond .");
  CHECK(decode_utf8("\xf0\x9f\x98\x80 end \xf0\x9f\x98") == "\U0001F600 end ");
  CHECK(decode_utf8(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(decode_utf8("").empty());
}

TEST_CASE("decoding agrees with Python") {
  for (const auto& cases : made_by_python("utf8_ignore.json"))
    for (const auto& item : cases) CHECK(decode_utf8(from_hex(item[0])) == item[1].get<std::string>());
}

TEST_CASE("lines end at line feed, carriage return or both, and nowhere else") {
  CHECK(copies(lines("a\nb\r\nc\rd")) == Words{"a", "b", "c", "d"});
  CHECK(copies(lines("a\n\n\r\r\n")) == Words{"a", "", "", ""});
  CHECK(copies(lines("form\ffeed\vtab\u2028line\u0085next")).size() == 1);
  CHECK(lines("").empty());
}

TEST_CASE(
    "white space is Python's: the separators of ASCII and the odd spaces of Unicode, not the zero-width "
    "ones") {
  CHECK(copies(split("a\x1c"
                     "b\x1f"
                     "c\u00a0d\u3000e\u2029f\u0085g\u1680h")) ==
        Words{"a", "b", "c", "d", "e", "f", "g", "h"});
  CHECK(copies(split("zero\u200bwidth \ufeffmark")) == Words{"zero\u200bwidth", "\ufeffmark"});
  CHECK(copies(split(" \t a  b \n")) == Words{"a", "b"});
  CHECK(split(" \u2003 ").empty());
  CHECK(strip("\u3000 a b\x1e\n") == "a b");
  CHECK(strip(" \n").empty());
  CHECK(strip("").empty());
}

TEST_CASE("lower case is full and knows the final sigma") {
  CHECK(lower("MIXED Case") == "mixed case");
  CHECK(lower("\u0130stanbul") == "i\u0307stanbul");
  CHECK(lower("\u039f\u0394\u039f\u03a3") == "\u03bf\u03b4\u03bf\u03c2");
  CHECK(lower("\u039f\u0394\u039f\u03a3 \u03a3") == "\u03bf\u03b4\u03bf\u03c2 \u03c3");
  CHECK(lower("A\u00ad\u03a3") == "a\u00ad\u03c2");
  CHECK(lower("A\u03a3'S") == "a\u03c3's");
  CHECK(lower("\u1e9e \U00010400") == "\u00df \U00010428");
  CHECK(lower("").empty());
}

TEST_CASE("every code point has Python's lower case and white space") {
  if (!kit_has("compat/text")) return;
  const auto expected = kit_json("lower_and_whitespace.json");
  const auto& lowered = expected["single_code_point_lower"];
  std::vector<std::string> spaces;
  std::size_t differ = 0;
  for (char32_t code_point = 1; code_point <= 0x10FFFF; ++code_point) {
    if (!lstmlib::io::is_scalar_value(code_point)) continue;
    std::string text;
    lstmlib::io::append_utf8(text, code_point);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%04X", static_cast<unsigned>(code_point));
    if (strip(text).empty()) spaces.emplace_back(hex);
    const auto found = lowered.find(hex);
    const std::string wanted = found == lowered.end() ? text : utf8(found->get<std::string>());
    if (lower(text) == wanted) continue;
    ++differ;
    MESSAGE("lower case of U+", hex, " differs");
  }
  CHECK(differ == 0);
  CHECK(spaces == expected["whitespace"].get<std::vector<std::string>>());
}

TEST_CASE("sentences become the words and characters that Python makes of them") {
  CHECK(tokens("  A Moving\tFilm !  ") == Words{"a", "moving", "film", "!"});
  CHECK(tokens("A b", true) == Words{"a", " ", "b"});
  CHECK(tokens(" \n").empty());
  CHECK(tokens("caf\xe9 OK") == Words{"caf", "ok"});
  CHECK(normalized_words("  A   Moving\u00a0Film ") == "a moving film");
  for (const auto& expected : made_by_python("normalize.json"))
    for (const auto& item : expected["cases"]) {
      const std::string text = item["text"];
      CAPTURE(text);
      CHECK(normalize(text) == item["normalized"].get<std::string>());
      CHECK(tokens(text) == item["words"].get<Words>());
      CHECK(tokens(text, true) == item["chars"].get<Words>());
    }
}

TEST_CASE("integers are read as Python reads them") {
  const auto read = [](std::string_view text) {
    std::int32_t value = -99;
    return parse_integer(text, value) ? std::to_string(value) : "refused";
  };
  CHECK(read("12") == "12");
  CHECK(read("-1") == "-1");
  CHECK(read("+1") == "1");
  CHECK(read("007") == "7");
  CHECK(read("1_0") == "10");
  CHECK(read("\uff11\u0662") == "12");  // a full-width and an Arabic digit
  CHECK(read(" 3 ") == "3");
  CHECK(read("2147483647") == "2147483647");
  for (const char* bad : {"", "+", "-", "1.0", "pos", "1_", "_1", "1__0", "--1", "0x1", "\ufeff1",
                          "2147483648", "1e3", "\u00b2"}) {
    CAPTURE(bad);
    CHECK(read(bad) == "refused");
  }
}
