// SPDX-License-Identifier: MIT
#pragma once
// From bytes to text: the one place where encodings, byte order marks and line ends of what comes from outside
// are dealt with.

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>

namespace sentiment {

enum class Encoding : std::uint8_t { utf8, latin1, cp1252 };

struct TextOptions {
  Encoding encoding = Encoding::utf8;
  bool strict =
      false;  ///< bytes that the encoding does not have are an error; else they are left out and counted
};

/// Decodes the bytes of a file, or of files that count as one. A byte order mark of UTF-8 at the beginning is left
/// out; elsewhere it is a character.
class TextDecoder {
 public:
  /// `name` is that of the file, for messages.
  explicit TextDecoder(std::string name, const TextOptions& options = {})
      : name_(std::move(name)), options_(options) {}

  const std::string& name() const { return name_; }
  /// What follows is the beginning of another file.
  void begin_file() { at_start_ = true; }

  /// The text of bytes that no character goes beyond, such as lines. `line` is the number of the first one. Throws
  /// FormatError "name:line: ..." for a byte that the encoding does not have, where the options are strict, and
  /// "name: ..." for a byte order mark of another encoding.
  std::string decode(std::string_view bytes, std::size_t line = 1);

  /// Bytes left out so far.
  std::size_t dropped() const { return dropped_; }
  /// Says on standard error how many bytes were left out, if any were.
  void report() const;

 private:
  std::string_view without_mark(std::string_view bytes);
  void drop(std::string_view before, std::string_view byte, std::size_t line);

  std::string name_;
  TextOptions options_;
  bool at_start_ = true;
  std::size_t dropped_ = 0, first_line_ = 0;
};

/// Takes a line off the front of `text`, with its end: \n, \r\n or \r and nothing else.
std::string_view take_line(std::string_view& text);

/// Takes the byte order mark of UTF-8 off the front, where it is there.
void skip_byte_order_mark(std::string_view& text);

/// The lines of a stream, decoded; ends are as `take_line` has them.
class LineReader {
 public:
  LineReader(std::istream& input, TextDecoder& decoder) : input_(input), decoder_(decoder) {}
  /// The next line without its end. False where there is none. Throws FileError where the stream cannot be read,
  /// and as the decoder does.
  bool next(std::string& line);

 private:
  bool next_raw(std::string& line);
  std::istream& input_;
  TextDecoder& decoder_;
  std::string raw_;
  std::size_t number_ = 0;
  bool behind_return_ = false;  // the last end was \r, to which a \n may belong
  // The line stands between a \r and a \n, which are one end if all of it is left out.
  bool only_left_out_may_join_ = false;
};

}  // namespace sentiment
