// SPDX-License-Identifier: MIT
#pragma once
// Converts MPI's error codes to exceptions.

#include "lstmlib/base/error.hpp"

#include <mpi.h>

namespace lstmlib::inline LSTMLIB_ABI::mpi::detail {

/// Throws Error with MPI's text unless `code` is MPI_SUCCESS.
inline void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail<Error>(call, ": ", std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace lstmlib::mpi::detail
