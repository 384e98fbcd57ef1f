// SPDX-License-Identifier: MIT
#pragma once
// What tests share: where the reference kit, the fixtures and scratch space are.

#include "skips.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lstmlib::test {

/// Files that the project carries.
inline std::filesystem::path fixtures() { return LSTMLIB_TEST_FIXTURES_DIR; }

/// The reference kit, where it is; empty otherwise.
inline std::filesystem::path kit() { return LSTMLIB_TEST_KIT_DIR; }

/// False, which is a skip, where the kit is absent.
inline bool kit_has(const std::string& part) {
  const bool present = !kit().empty() && std::filesystem::exists(kit() / part);
  if (!present) skip("the reference kit has no " + part + " here (set LSTMLIB_KIT_DIR)");
  return present;
}

/// The command that runs a script of the reference kit with a Python that has Chainer and NumPy: see
/// kit/python.sh. Empty, which is a skip, where there is none.
inline std::string kit_script(const std::string& script) {
  const char* python = std::getenv("LSTMLIB_CHAINER_PYTHON");
  if (!python) skip("LSTMLIB_CHAINER_PYTHON names no Python with Chainer");
  return python ? std::string(python) + " " + (kit() / script).string() : "";
}

/// A fresh empty folder of this name.
inline std::filesystem::path scratch(const std::string& name) {
  const auto folder = std::filesystem::path(LSTMLIB_TEST_SCRATCH_DIR) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// Whether a text, such as an error message, contains a part.
inline bool says(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace lstmlib::test
