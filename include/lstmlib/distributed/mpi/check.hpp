// SPDX-License-Identifier: MIT
#pragma once
// MPI's codes as errors.

#include "lstmlib/base/error.hpp"

#include <mpi.h>

namespace lstmlib::inline LSTMLIB_ABI::mpi::detail {

/// Throws Error with MPI's own words unless `code` is success.
inline void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail<Error>(call, ": ", std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace lstmlib::mpi::detail
