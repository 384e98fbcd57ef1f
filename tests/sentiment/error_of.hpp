// SPDX-License-Identifier: MIT
#pragma once
// What an error says, for tests of messages.

#include "lstmlib/base/error.hpp"

#include <string>

namespace sentiment::test {

/// The message of the error that `run` throws, or "" where it throws none.
template <class Run>
std::string error_of(const Run& run) {
  try {
    run();
    return "";
  } catch (const lstmlib::Error& error) { return error.what(); }
}

}  // namespace sentiment::test
