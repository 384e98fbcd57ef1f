// SPDX-License-Identifier: MIT
#pragma once
// Joins values to the text of a message. It appends to a string instead of using a stream, whose headers
// would be a tenth of the library's compile time.

#include "lstmlib/version.hpp"

#include <concepts>
#include <cstdio>
#include <iosfwd>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI {

/// A type with a `to_string(x)` in its own namespace.
template <class T>
concept Named = requires(const T& x) {
  { to_string(x) } -> std::same_as<std::string>;
};

/// Prints a Named value to a stream, as in messages.
template <class Traits, Named T>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const T& x) {
  return out << to_string(x);
}

namespace detail {
inline void append_real(std::string& to, double x) {  // six significant digits, like streams
  char digits[32];
  to.append(digits, static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%g", x)));
}
inline void append_quoted(std::string& to, std::string_view path) {
  to += '"';
  for (const char letter : path) {
    if (letter == '"' || letter == '\\') to += '\\';
    to += letter;
  }
  to += '"';
}
template <class T>
void append_part(std::string& to, const T& x) {
  if constexpr (std::convertible_to<const T&, std::string_view>) to += std::string_view(x);
  else if constexpr (std::same_as<T, char>) to += x;
  else if constexpr (std::same_as<T, bool>) to += x ? '1' : '0';
  else if constexpr (std::integral<T>) to += std::to_string(x);
  else if constexpr (std::floating_point<T>) append_real(to, static_cast<double>(x));
  else if constexpr (Named<T>) to += to_string(x);
  else append_quoted(to, x.native());  // a path
}
}  // namespace detail

/// Joins `parts` to a string: `message("input has ", n, " features")`. Parts are texts, numbers, paths or
/// Named types. Floating-point numbers get six significant digits; paths are quoted.
template <class... Parts>
[[nodiscard]] std::string message(const Parts&... parts) {
  std::string text;
  (detail::append_part(text, parts), ...);
  return text;
}

}  // namespace lstmlib
