// SPDX-License-Identifier: MIT
#pragma once
// Variables of the environment, as those who look for credentials take them.

#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// A variable that is set, though perhaps to nothing.
inline std::optional<std::string> set_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

/// A variable's value; empty where it is not set.
inline std::string variable(const std::string& name) { return set_variable(name).value_or(""); }

/// The first that is not empty.
inline std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values)
    if (!value.empty()) return value;
  return "";
}

}  // namespace sentiment::cloud
