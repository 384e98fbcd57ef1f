// SPDX-License-Identifier: MIT
#include "sentiment/data/text/decoder.hpp"
#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/error_of.hpp"
#include "support.hpp"

#include <sstream>
#include <vector>

using namespace sentiment;
using lstmlib::test::says;
using sentiment::test::error_of;
using Strings = std::vector<std::string>;

namespace {

Strings lines_of(const std::string& bytes, const TextOptions& options = {}) {
  std::istringstream stream(bytes);
  TextDecoder decoder("f", options);
  LineReader reader(stream, decoder);
  Strings lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}
std::string decoded(std::string_view bytes, Encoding encoding = Encoding::utf8) {
  return TextDecoder("f", {encoding}).decode(bytes);
}
/// How many bytes are left out.
std::size_t dropped(std::string_view bytes, Encoding encoding = Encoding::utf8) {
  TextDecoder decoder("f", {encoding});
  decoder.decode(bytes);
  return decoder.dropped();
}

}  // namespace

TEST_CASE("decoder: lines end at \\n, \\r\\n and \\r, and the last one needs no end") {
  CHECK(lines_of("a\nb\r\nc\rd") == Strings{"a", "b", "c", "d"});
  CHECK(lines_of("a\n\n\r\r\n") == Strings{"a", "", "", ""});
  CHECK(lines_of("") == Strings{});
  CHECK(lines_of("\n") == Strings{""});
  CHECK(lines_of("\r") == Strings{""});
  CHECK(lines_of("a\vb\fc\u2028d") == Strings{"a\vb\fc\u2028d"});
  CHECK(lines_of("a\r\xff\nb") == Strings{"a", "b"});  // what is left out was never there
  CHECK(lines_of("a\r\xff\rb") == Strings{"a", "", "b"});
  CHECK(lines_of("a\r\n\xff\nb") == Strings{"a", "", "b"});
  CHECK(lines_of("a\n\xff\nb") == Strings{"a", "", "b"});
  std::string_view text = "a\r\r\nb";
  CHECK(take_line(text) == "a");
  CHECK(take_line(text) == "");
  CHECK(take_line(text) == "b");
  CHECK(text.empty());
}

TEST_CASE("decoder: a byte order mark is left out at the beginning and a character elsewhere") {
  CHECK(lines_of("\ufeffgood\n\ufeffbad") == Strings{"good", "\ufeffbad"});
  CHECK(lines_of("\ufeff\ufeff") == Strings{"\ufeff"});
  CHECK(lines_of("\ufeff") == Strings{});
  CHECK(lines_of("\ufeff\n") == Strings{""});
  CHECK(lines_of("\n\ufeffa") == Strings{"", "\ufeffa"});
  TextDecoder decoder("f");
  CHECK(decoder.decode("\ufeffa") == "a");
  CHECK(decoder.decode("\ufeffa") == "\ufeffa");
  decoder.begin_file();
  CHECK(decoder.decode("\ufeffa") == "a");
  for (const Encoding other : {Encoding::latin1, Encoding::cp1252})
    CHECK(says(error_of([&] { decoded("\ufeffa", other); }), "f: is UTF-8, by its byte order mark"));
  for (const char* bytes : {"\xff\xfe"
                            "a",
                            "\xfe\xff"
                            "a"})
    CHECK(says(error_of([&] { decoded(bytes); }),
               "f: is UTF-16, by its byte order mark; convert it first: iconv"));
}

TEST_CASE("decoder: bytes that the encoding does not have are left out and counted") {
  CHECK(decoded("caf\xe9 cut \xe2\x82 off") == "caf cut  off");
  CHECK(dropped("caf\xe9 cut \xe2\x82 off") == 3);
  CHECK(dropped("caf\u00e9 \u4e2d \U0001F600") == 0);
  CHECK(decoded("caf\xe9\x93\x80", Encoding::cp1252) == "caf\u00e9\u201c\u20ac");
  CHECK(decoded(std::string_view("a\0b\x81", 4), Encoding::cp1252) == std::string("a\0b", 3));
  CHECK(dropped("\x81\x8d\x8f\x90\x9d", Encoding::cp1252) == 5);
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(dropped(all, Encoding::latin1) == 0);
  CHECK(decoded(all, Encoding::latin1) == lstmlib::io::utf8_from_latin1(all));
  CHECK(dropped(all, Encoding::cp1252) == 5);
}

TEST_CASE("decoder: the strict one names file, line and byte") {
  const TextOptions strict{Encoding::utf8, true};
  CHECK(error_of([&] { lines_of("good\n\nna\xefve\n", strict); }) ==
        "f:3: the byte \\xef is not UTF-8; --encoding latin-1 or cp1252 may read it");
  CHECK(error_of([&] { TextDecoder("f", strict).decode("good\r\rna\xefve\n"); }) ==
        "f:3: the byte \\xef is not UTF-8; --encoding latin-1 or cp1252 may read it");
  CHECK(error_of([&] {
          lines_of("good \x81", {Encoding::cp1252, true});
        }) == "f:1: the byte \\x81 is not cp1252");
  CHECK(error_of([&] { lines_of("na\u00efve", strict); }).empty());
}
