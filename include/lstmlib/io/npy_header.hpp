// SPDX-License-Identifier: MIT
#pragma once
// The header of an NPY file: magic bytes, version, and a Python dictionary with three keys as text.

#include "lstmlib/io/layout.hpp"
#include "lstmlib/io/source.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// A parsed header.
struct NpyHeader {
  ElementLayout layout;
  bool fortran_order = false;
  std::vector<Index> shape;
  std::string descr;    ///< the type string in the file
  std::string problem;  ///< why this element type is not supported; empty if it is
};

namespace detail {

/// Parses the dictionary with exactly the keys 'descr', 'fortran_order' and 'shape', in any order and
/// spacing. It parses only this form, not Python in general.
template <class = void>
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, const Source& source)
      : text_(text), start_(source.position() - text.size()), source_(source) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::size_t key_at = at_;
      const std::string_view key = string();
      bool* seen = key == "descr"           ? &has_descr
                   : key == "fortran_order" ? &has_order
                   : key == "shape"         ? &has_shape
                                            : nullptr;
      if (seen == nullptr) fail_at(key_at, "unknown key '", printable(key), "'");
      if (std::exchange(*seen, true)) fail_at(key_at, "the key '", key, "' appears twice");
      expect(':');
      if (seen == &has_descr) descr(header);
      if (seen == &has_order) header.fortran_order = boolean();
      if (seen == &has_shape) header.shape = shape();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ < text_.size()) fail_at(at_, "text after the dictionary");
    if (!has_descr || !has_order || !has_shape)
      fail_at(at_, "'descr', 'fortran_order' or 'shape' is missing");
    return header;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail_at(std::size_t at, const Parts&... parts) const {
    source_.fail_at(start_ + at, "npy header: ", parts...);
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool accept(char expected) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  void expect(char expected) {
    if (!accept(expected)) fail_at(at_, "'", expected, "' is expected here");
  }
  std::string_view string() {
    const char quote = accept('\'') ? '\'' : accept('"') ? '"' : '\0';
    if (quote == '\0') fail_at(at_, "expected a quoted string here");
    const std::size_t end = text_.find_first_of("'\"\\\n", at_);
    if (end == std::string_view::npos || text_[end] != quote)
      fail_at(at_, "expected a quoted string without escapes here");
    const std::string_view content = text_.substr(at_, end - at_);
    at_ = end + 1;
    return content;
  }
  /// An unsupported type sets the header's `problem`; it is not an error.
  void descr(NpyHeader& header) {
    skip_space();
    const bool structure = at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '(');
    const std::string_view text = structure ? brackets() : string();
    header.descr = std::string(text);
    header.problem.clear();
    if (structure) header.problem = "structured element types are not supported; save each field as an array";
    else if (parse_descr(text, header.layout, header.problem) && header.layout.is_empty_text())
      header.problem = "a width of at least 1 is expected";
  }
  /// Skips a list or tuple up to its closing bracket.
  std::string_view brackets() {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        string();
        continue;
      }
      ++at_;
      if (c == '[' || c == '(') ++depth;
      if ((c == ']' || c == ')') && --depth == 0) return text_.substr(begin, at_ - begin);
    }
    fail_at(begin, "a bracket is not closed");
  }
  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    fail_at(at_, "True or False is expected here");
  }
  std::vector<Index> shape() {
    std::vector<Index> sizes;
    expect('(');
    bool comma = true;  // between sizes; after a single size it makes the tuple
    while (!accept(')')) {
      if (!comma) fail_at(at_, "',' or ')' is expected here");
      if (sizes.size() == 64) fail_at(at_, "a shape of more than 64 axes");
      skip_space();
      Index size = 0;
      const char* first = text_.data() + at_;
      const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail_at(at_, "a size between 0 and 2^63 - 1 is expected here");
      at_ += static_cast<std::size_t>(end - first);
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2
      sizes.push_back(size);
      comma = accept(',');
    }
    if (sizes.size() == 1 && !comma) fail_at(at_, "the shape is a number in brackets, not a tuple");
    return sizes;
  }

  std::string_view text_;
  std::uint64_t start_;
  const Source& source_;
  std::size_t at_ = 0;
};

}  // namespace detail

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// Reads the header of an NPY file, version 1.0, 2.0 or 3.0, up to the data. An unsupported element type sets
/// `problem`. Throws FormatError.
template <class = void>
NpyHeader read_any_npy_header(Source& source) {
  if (source.remaining() < 8) source.fail_here("not an npy file: only ", source.remaining(), " bytes");
  const std::vector<std::byte> start = source.read_bytes(8);
  if (as_text(start).substr(0, 6) != npy_magic)
    source.fail_at(0, "not an npy file: it does not start with \\x93NUMPY");
  const auto major = static_cast<int>(start[6]), minor = static_cast<int>(start[7]);
  if (major < 1 || major > 3 || minor != 0)
    source.fail_at(6, "npy version ", major, ".", minor, ", expected 1.0, 2.0 or 3.0");
  const std::vector<std::byte> length_bytes = source.read_bytes(major == 1 ? 2 : 4);
  const std::uint64_t length = major == 1 ? load_little<std::uint16_t>(length_bytes.data())
                                          : load_little<std::uint32_t>(length_bytes.data());
  if (length > 65535) source.fail_at(8, "npy header of ", length, " bytes, the limit is 65535");
  const std::vector<std::byte> text = source.read_bytes(length);
  NpyHeader header = detail::NpyHeaderParser(as_text(text), source).parse();
  try {
    count_elements(header.shape, header.layout.item_size);
  } catch (const ShapeError& error) { source.fail_here("npy header: ", error.what()); }
  return header;
}

/// Like read_any_npy_header, but throws FormatError also for an unsupported element type.
template <class = void>
NpyHeader read_npy_header(Source& source) {
  NpyHeader header = read_any_npy_header(source);
  if (!header.problem.empty())
    source.fail_here("npy header: element type ", header.descr.starts_with('[') ? "" : "'",
                     printable(header.descr), header.descr.starts_with('[') ? "" : "'", ": ", header.problem);
  return header;
}

/// The header for an array in C order, as NumPy writes it: version 1.0, padded to a multiple of 64 bytes.
template <class = void>
std::vector<std::byte> format_npy_header(const Array& array) {
  std::string text = "{'descr': '" + array.descr() +
                     "', 'fortran_order': False, 'shape': " + shape_text(array.shape) + ", }";
  text.append(64 - (10 + text.size() + 1) % 64, ' ');
  text += '\n';
  std::vector<std::byte> bytes;
  append_text(bytes, std::string_view("\x93NUMPY\x01\0", 8));
  append_little(bytes, static_cast<std::uint16_t>(text.size()));
  append_text(bytes, text);
  return bytes;
}

}  // namespace lstmlib::io
