// SPDX-License-Identifier: MIT
#pragma once
// What a test leaves out on this machine, and why. A program all of whose cases were left out ends with status 77,
// which ctest reports as skipped. Where only some were, its ctest entry passes, and a second one, NAME/skipped, is
// reported as skipped with the reasons: see tests/CMakeLists.txt.

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::test {

/// The reasons of all skips so far, each once, with the number of times.
inline std::vector<std::pair<std::string, int>>& skips() {
  static std::vector<std::pair<std::string, int>> all;
  return all;
}

/// Notes that the case that runs, or a part of it, is left out. Never silent: to be called before the early
/// return.
inline void skip(const std::string& reason) {
  auto& all = skips();
  const auto same =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == reason; });
  if (same != all.end()) {
    ++same->second;
    return;
  }
  all.emplace_back(reason, 1);
  std::cout << "skipped: " << reason << '\n';
}

}  // namespace lstmlib::test
