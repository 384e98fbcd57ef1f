// SPDX-License-Identifier: MIT
#pragma once
// Safe access to values of a JSON response. For .cpp files, because it includes all of nlohmann/json.

#include "lstmlib/base/error.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace sentiment::cloud {

/// Parses a response that must be an object. Throws Error with the name of the call if it is not.
inline nlohmann::json parse_object(std::string_view text, const char* what) {
  nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) lstmlib::fail<lstmlib::Error>(what, ": the response is not a JSON object");
  return json;
}

/// The value at a path of names; null if there is none.
inline const nlohmann::json& value_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  static const nlohmann::json none;
  const nlohmann::json* at = &json;
  for (const char* name : path) {
    if (!at->is_object()) return none;
    const auto found = at->find(name);
    if (found == at->end()) return none;
    at = &*found;
  }
  return *at;
}

/// The text at a path; empty if there is none.
inline std::string text_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  const nlohmann::json& value = value_at(json, path);
  return value.is_string() ? value.get<std::string>() : "";
}

/// The integer at a path; 0 if there is none.
inline long number_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  const nlohmann::json& value = value_at(json, path);
  if (value.is_number_integer()) return value.get<long>();
  const double number = value.is_number() ? value.get<double>() : 0;
  return number > -1e15 && number < 1e15 ? static_cast<long>(number) : 0;
}

}  // namespace sentiment::cloud
