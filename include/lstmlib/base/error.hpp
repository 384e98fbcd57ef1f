// SPDX-License-Identifier: MIT
#pragma once
// The family of errors, and `fail`, the one place that throws.

#include "lstmlib/base/compiler.hpp"
#include "lstmlib/base/message.hpp"
#include "lstmlib/version.hpp"

#include <new>
#include <stdexcept>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Shapes that do not fit together or are too large, or an absent tensor where one is needed.
struct ShapeError : Error {
  using Error::Error;
};
/// An argument or an option outside its range: a rate, a ratio, a size.
struct ValueError : Error {
  using Error::Error;
};
/// An index, an id or a label of something that does not exist.
struct IndexError : Error {
  using Error::Error;
};
/// An element type in a file that does not fit.
struct DtypeError : Error {
  using Error::Error;
};
/// No such device, or tensors on several.
struct DeviceError : Error {
  using Error::Error;
};
/// Backward twice, not a scalar, a value that was changed since, a failed check.
struct GradientError : Error {
  using Error::Error;
};
/// A file that cannot be read or written: path and reason.
struct FileError : Error {
  using Error::Error;
};
/// A file's content: file, entry, byte.
struct FormatError : Error {
  using Error::Error;
};

/// No memory for a tensor: how much was asked for, and where. It is a std::bad_alloc, so whatever handles
/// those handles it.
class OutOfMemoryError : public std::bad_alloc {
 public:
  explicit OutOfMemoryError(const std::string& text) : text_(text) {}
  const char* what() const noexcept override { return text_.what(); }

 private:
  std::runtime_error text_;  // its copies do not throw, as those of an exception must not
};

/// Throws `Kind` with the parts joined: `fail<ShapeError>("linear: input has ", n, " features")`.
template <class Kind, class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  throw Kind(message(parts...));
}

}  // namespace lstmlib
