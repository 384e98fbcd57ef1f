// SPDX-License-Identifier: MIT
#pragma once
// Compares arrays with the JSON in which fixtures and the reference kit say what a file holds.

#include "lstmlib/io/npz.hpp"
#include "support.hpp"

#include <cmath>
#include <complex>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lstmlib::test {

using Json = nlohmann::ordered_json;

inline Json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.is_open(), path.string());
  return Json::parse(file);
}

inline Json number_json(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

inline Json hex_json(std::string_view bytes) {
  std::string text = "hex:";
  for (const char byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

inline Json describe(const io::Array& array);

inline Json describe(const io::Value& value) {
  if (value.is_none()) return nullptr;
  if (const auto* truth = value.get_if<bool>()) return *truth;
  if (const auto* number = value.get_if<std::int64_t>()) return *number;
  if (const auto* number = value.get_if<double>()) return number_json(*number);
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* bytes = value.get_if<io::Bytes>()) return hex_json(bytes->data);
  if (const auto* array = value.get_if<io::Array>()) return describe(*array);
  const auto* tuple = value.get_if<io::Tuple>();
  Json items = Json::array();
  if (const auto* list = tuple != nullptr ? &tuple->items : value.get_if<io::List>()) {
    for (const io::Value& item : *list) items.push_back(describe(item));
    return items;
  }
  Json pairs = Json::object();
  for (const auto& [key, item] : *value.get_if<io::Dict>())
    pairs[*key.get_if<std::string>()] = describe(item);
  return pairs;
}

inline Json values_of(const io::Array& array) {
  using enum io::ArrayDtype;
  Json values = Json::array();
  const auto add_complex = [&](const auto& numbers) {
    for (const auto& number : numbers)
      values.push_back({number_json(number.real()), number_json(number.imag())});
  };
  switch (array.dtype) {
    case object:
      if (array.shape.empty()) return describe(array.objects[0]);
      for (const io::Value& value : array.objects) values.push_back(describe(value));
      break;
    case boolean:
      for (const bool truth : array.to<bool>()) values.push_back(truth);
      break;
    case uint64:
      for (const std::uint64_t number : array.to<std::uint64_t>()) values.push_back(number);
      break;
    case float16:
    case float32:
    case float64:
      for (const double number : array.as_numbers<double>()) values.push_back(number_json(number));
      break;
    case complex64: add_complex(array.to<std::complex<float>>()); break;
    case complex128: add_complex(array.to<std::complex<double>>()); break;
    case unicode:
      for (const std::string& text : array.strings()) values.push_back(text);
      break;
    case bytes:
      for (Index at = 0; at < array.elements(); ++at) {
        std::string_view item = io::as_text(array.data)
                                    .substr(static_cast<std::size_t>(at * array.item_size),
                                            static_cast<std::size_t>(array.item_size));
        while (item.ends_with('\0')) item.remove_suffix(1);
        values.push_back(hex_json(item));
      }
      break;
    default:
      for (const std::int64_t number : array.as_numbers<std::int64_t>()) values.push_back(number);
  }
  return values;
}

inline Json describe(const io::Array& array) {
  return {{"descr", array.descr()}, {"shape", array.shape}, {"values", values_of(array)}};
}

/// The same JSON in one form: integers as text, little-endian type names, the parts of an array in one order.
inline Json in_one_form(const Json& json) {
  if (json.is_number_integer()) return json.dump();
  if (json.is_array()) {
    Json items = Json::array();
    for (const Json& item : json) items.push_back(in_one_form(item));
    return items;
  }
  if (!json.is_object()) return json;
  if (json.contains("descr") && json.contains("values")) {
    std::string descr = json["descr"];
    if (descr[0] == '>') descr[0] = '<';
    return {{"descr", descr}, {"shape", in_one_form(json["shape"])}, {"values", in_one_form(json["values"])}};
  }
  Json parts = Json::object();
  for (const auto& [key, item] : json.items()) parts[key] = in_one_form(item);
  return parts;
}

/// Fails unless the array is exactly what `expected` says; -0.0 and 0.0 differ.
inline void check_same(const io::Array& array, const Json& expected, const std::string& name) {
  Json wanted = expected;
  if (wanted["values"].is_object() &&
      wanted["values"].contains("rule")) {  // the one long vocabulary of the kit
    Json words = Json::object();
    for (int number = 0; number < 3000; ++number) {
      const std::string digits = std::to_string(number);
      words["word" + std::string(5 - digits.size(), '0') + digits] = number;
    }
    wanted["values"] = words;
  }
  CHECK_MESSAGE(in_one_form(describe(array)).dump() == in_one_form(wanted).dump(), name);
}

/// Reads every file of a kind that an expected_*.json names, under `root`; the answer is how many there were.
/// `visit(name, expected)` is called for each.
template <class Visit>
int for_each_expected(const std::filesystem::path& json, const std::string& kind, Visit&& visit) {
  int count = 0;
  const Json files = read_json(json)["files"];
  for (const auto& [name, expected] : files.items()) {
    if (expected["kind"] != kind) continue;
    visit(name, expected);
    ++count;
  }
  return count;
}

/// The expected_*.json of the fixtures, and of the kit where it is.
inline std::vector<std::filesystem::path> expected_files() {
  std::vector<std::filesystem::path> found;
  std::vector<std::filesystem::path> roots{fixtures() / "numpy"};
  if (kit_has("compat/numpy")) roots.push_back(kit() / "compat/numpy");
  for (const auto& root : roots)
    for (const auto& entry : std::filesystem::directory_iterator(root))
      if (entry.path().filename().string().starts_with("expected_")) found.push_back(entry.path());
  return found;
}

/// What the error of `read` says; fails where it reads, or throws something else.
template <class Kind = FormatError, class Read>
std::string error_of(Read&& read) {
  try {
    read();
  } catch (const Kind& error) { return error.what(); }
  FAIL_CHECK("no error");
  return {};
}

}  // namespace lstmlib::test
