// SPDX-License-Identifier: MIT
#pragma once
// Environment variables, as libraries for AWS read them.

#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// The value of a variable that is set, even if it is empty.
inline std::optional<std::string> set_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

/// The value of a variable; empty if it is not set.
inline std::string variable(const std::string& name) { return set_variable(name).value_or(""); }

/// The first value that is not empty.
inline std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values)
    if (!value.empty()) return value;
  return "";
}

}  // namespace sentiment::cloud
