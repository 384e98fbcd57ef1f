// SPDX-License-Identifier: MIT
#pragma once
// Conversion of bytes to text. The only place that handles encodings, byte order marks and line ends of
// external input.

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>

namespace sentiment {

enum class Encoding : std::uint8_t { utf8, latin1, cp1252 };

struct TextOptions {
  Encoding encoding = Encoding::utf8;
  bool strict = false;  ///< whether invalid bytes are an error; else they are skipped and counted
};

/// Decodes the bytes of a file, or of several files that count as one. Removes a UTF-8 byte order mark at the
/// beginning; elsewhere it is an ordinary character.
class TextDecoder {
 public:
  /// `name`: file name for messages.
  explicit TextDecoder(std::string name, const TextOptions& options = {})
      : name_(std::move(name)), options_(options) {}

  const std::string& name() const { return name_; }
  /// The next bytes are the beginning of another file.
  void begin_file() { at_start_ = true; }

  /// Decodes bytes that end at a character boundary, such as lines. `line` is the number of the first line.
  /// Throws FormatError "name:line: ..." for an invalid byte if the options are strict, and "name: ..." for a
  /// byte order mark of another encoding.
  std::string decode(std::string_view bytes, std::size_t line = 1);

  /// Number of bytes skipped so far.
  std::size_t dropped() const { return dropped_; }
  /// Reports on standard error how many bytes were skipped, if any.
  void report() const;

 private:
  std::string_view without_mark(std::string_view bytes);
  void drop(std::string_view before, std::string_view byte, std::size_t line);

  std::string name_;
  TextOptions options_;
  bool at_start_ = true;
  std::size_t dropped_ = 0, first_line_ = 0;
};

/// Removes a line and its end from `text` and returns the line. Only \n, \r\n and \r end a line.
std::string_view take_line(std::string_view& text);

/// Removes a UTF-8 byte order mark at the beginning, if there is one.
void skip_byte_order_mark(std::string_view& text);

/// The decoded lines of a stream. Lines end as in `take_line`.
class LineReader {
 public:
  LineReader(std::istream& input, TextDecoder& decoder) : input_(input), decoder_(decoder) {}
  /// Reads the next line, without its end. Returns false at the end. Throws FileError if the stream cannot be
  /// read, and what the decoder throws.
  bool next(std::string& line);

 private:
  bool next_raw(std::string& line);
  std::istream& input_;
  TextDecoder& decoder_;
  std::string raw_;
  std::size_t number_ = 0;
  bool behind_return_ = false;  // the last line ended with \r, to which a \n may belong
  // The current line is between \r and \n. If all of it is skipped, these two form one line end.
  bool only_left_out_may_join_ = false;
};

}  // namespace sentiment
