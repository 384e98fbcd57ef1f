// SPDX-License-Identifier: MIT
#pragma once
// Exception types, and `fail`, which throws them.

#include "lstmlib/base/compiler.hpp"
#include "lstmlib/base/message.hpp"
#include "lstmlib/version.hpp"

#include <new>
#include <stdexcept>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI {

/// Base of all exceptions of the library, except OutOfMemoryError.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Shapes do not match or are too large, or a required tensor is absent.
struct ShapeError : Error {
  using Error::Error;
};
/// An argument or option is out of range: a rate, a ratio, a size.
struct ValueError : Error {
  using Error::Error;
};
/// An index, id or label does not exist.
struct IndexError : Error {
  using Error::Error;
};
/// An element type does not match.
struct DtypeError : Error {
  using Error::Error;
};
/// The device does not exist, or tensors are on different devices.
struct DeviceError : Error {
  using Error::Error;
};
/// The backward pass failed: it ran twice, its start is not a scalar, or a value that it needs was changed.
/// Also a failed gradient check.
struct GradientError : Error {
  using Error::Error;
};
/// A file cannot be read or written. The text gives path and reason.
struct FileError : Error {
  using Error::Error;
};
/// The content of a file is invalid. The text gives the file, the entry and the byte.
struct FormatError : Error {
  using Error::Error;
};

/// A device has no memory for a tensor. The text gives size and device. Derived from std::bad_alloc, so
/// existing handlers catch it.
class OutOfMemoryError : public std::bad_alloc {
 public:
  explicit OutOfMemoryError(const std::string& text) : text_(text) {}
  const char* what() const noexcept override { return text_.what(); }

 private:
  std::runtime_error text_;  // copying an exception must not throw; std::string could
};

/// Throws `Kind` with a text joined from `parts`: `fail<ShapeError>("linear: input has ", n, " features")`.
template <class Kind, class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  throw Kind(message(parts...));
}

}  // namespace lstmlib
