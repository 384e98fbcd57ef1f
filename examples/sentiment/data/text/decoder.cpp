// SPDX-License-Identifier: MIT
#include "sentiment/data/text/decoder.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"

#include <algorithm>
#include <iostream>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FileError;
using lstmlib::FormatError;

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

std::string_view name_of(Encoding encoding) {
  return encoding == Encoding::utf8 ? "UTF-8" : encoding == Encoding::latin1 ? "Latin-1" : "cp1252";
}

/// The character of a byte in Windows' code page 1252; 0 if there is none.
char32_t character_of_cp1252(unsigned char byte) {
  constexpr char32_t from_80[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  return byte >= 0x80 && byte < 0xA0 ? from_80[byte - 0x80] : byte;
}

std::size_t count_line_ends(std::string_view text) {
  std::size_t count = 0;
  while (text.find_first_of("\r\n") != std::string_view::npos) {
    take_line(text);
    ++count;
  }
  return count;
}

}  // namespace

void skip_byte_order_mark(std::string_view& text) {
  if (text.starts_with(utf8_mark)) text.remove_prefix(utf8_mark.size());
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
  return line;
}

std::string_view TextDecoder::without_mark(std::string_view bytes) {
  if (!at_start_) return bytes;
  at_start_ = false;
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    fail<FormatError>(name_,
                      ": is UTF-16, by its byte order mark; convert it first: iconv -f UTF-16 -t UTF-8");
  if (bytes.starts_with(utf8_mark) && options_.encoding != Encoding::utf8)
    fail<FormatError>(name_, ": is UTF-8, by its byte order mark, not ", name_of(options_.encoding),
                      "; omit --encoding");
  skip_byte_order_mark(bytes);
  return bytes;
}

/// Skips an invalid byte that follows `before` in the input.
void TextDecoder::drop(std::string_view before, std::string_view byte, std::size_t line) {
  const bool first = dropped_++ == 0;
  if (!first && !options_.strict) return;
  first_line_ = line + count_line_ends(before);
  if (options_.strict)
    fail<FormatError>(
        name_, ":", first_line_, ": the byte ", lstmlib::io::printable(byte), " is not ",
        name_of(options_.encoding),
        options_.encoding == Encoding::utf8 ? "; --encoding latin-1 or cp1252 may read it" : "");
}

std::string TextDecoder::decode(std::string_view bytes, std::size_t line) {
  bytes = without_mark(bytes);
  if (options_.encoding == Encoding::latin1) return lstmlib::io::utf8_from_latin1(bytes);
  std::string text;
  text.reserve(bytes.size());
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string_view at = rest;
    const std::string_view before = bytes.substr(0, bytes.size() - at.size());
    char32_t character = 0;
    if (options_.encoding == Encoding::cp1252) {
      const auto byte = static_cast<unsigned char>(rest[0]);
      rest.remove_prefix(1);
      character = character_of_cp1252(byte);
      if (character != 0 || byte == 0) lstmlib::io::append_utf8(text, character);
      else drop(before, at.substr(0, 1), line);
    } else if (lstmlib::io::take_code_point(rest, character)) {
      text.append(at.substr(0, at.size() - rest.size()));
    } else {
      rest.remove_prefix(1);  // the following bytes of a broken character are invalid as well
      drop(before, at.substr(0, 1), line);
    }
  }
  return text;
}

void TextDecoder::report() const {
  if (dropped_ == 0) return;
  std::cerr << "sentiment: " << name_ << ": " << dropped_ << (dropped_ == 1 ? " byte is" : " bytes are")
            << " not " << name_of(options_.encoding) << " and " << (dropped_ == 1 ? "was" : "were")
            << " skipped, the first in line " << first_line_;
  if (options_.encoding == Encoding::utf8) std::cerr << "; --encoding latin-1 or cp1252 may read them";
  std::cerr << "; --strict refuses them\n";
}

bool LineReader::next_raw(std::string& line) {
  line.clear();
  std::streambuf* const bytes = input_.rdbuf();
  bool ended = false;
  only_left_out_may_join_ = behind_return_;
  try {
    for (int c; !ended && (c = bytes->sbumpc()) != std::char_traits<char>::eof();) {
      const bool of_return = behind_return_ && c == '\n';
      behind_return_ = c == '\r';
      if (of_return) {
        only_left_out_may_join_ = false;
        continue;
      }
      if (c == '\n' || c == '\r') ended = true;
      else line.push_back(static_cast<char>(c));
    }
  } catch (const std::ios_base::failure&) { fail<FileError>(decoder_.name(), ": cannot read"); }
  if (input_.bad()) fail<FileError>(decoder_.name(), ": cannot read");
  only_left_out_may_join_ = only_left_out_may_join_ && ended && !behind_return_;
  const bool only_mark = number_ == 0 && line == utf8_mark;
  return ended || !(line.empty() || only_mark);
}

bool LineReader::next(std::string& line) {
  if (!next_raw(raw_)) return false;
  line = decoder_.decode(raw_, ++number_);
  return only_left_out_may_join_ && line.empty() ? next(line) : true;
}

}  // namespace sentiment
