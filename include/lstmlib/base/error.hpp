// SPDX-License-Identifier: MIT
#pragma once
// The family of errors, and `fail`, the one place that throws.

#include <sstream>
#include <stdexcept>
#include <string>

namespace lstmlib {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct ShapeError : Error {
  using Error::Error;
};  ///< sizes or values that do not fit
struct DtypeError : Error {
  using Error::Error;
};  ///< an element type in a file that does not fit
struct DeviceError : Error {
  using Error::Error;
};  ///< no such device, or tensors on several
struct GradientError : Error {
  using Error::Error;
};  ///< backward twice, not a scalar, a failed check
struct FileError : Error {
  using Error::Error;
};  ///< a file that cannot be read or written: path and reason
struct FormatError : Error {
  using Error::Error;
};  ///< a file's content: file, entry, byte

/// The parts joined: `message("input has ", n, " features")`.
template <class... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// Throws `Kind` with the parts joined: `fail<ShapeError>("linear: input has ", n, " features")`.
template <class Kind, class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  throw Kind(message(parts...));
}

}  // namespace lstmlib
