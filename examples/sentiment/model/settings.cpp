// SPDX-License-Identifier: MIT
#include "sentiment/model/settings.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace sentiment {

using namespace lstmlib;

namespace {

// Far above any real model, and low enough that products of sizes do not overflow.
constexpr Index max_classes = 1'000'000, max_layers = 10'000, max_units = 1'000'000;

[[noreturn]] void refuse(const std::string& name, const char* key, const std::string& found,
                         const std::string& expected) {
  fail<FormatError>(name, ": ", key, " is ", found, ", expected ", expected);
}

/// A value for a message. Lists and objects are only named, because printing them recurses as deep as they
/// are nested.
std::string shown(const nlohmann::json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return io::printable(value.dump());
}

Index integer(const nlohmann::json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end()) fail<FormatError>(name, ": no key ", key);
  if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
    refuse(name, key, shown(*found), "an integer");
  return found->get<Index>();
}

double number(const nlohmann::json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end()) fail<FormatError>(name, ": no key ", key);
  if (!found->is_number()) refuse(name, key, shown(*found), "a number");
  return found->get<double>();
}

std::string text(const nlohmann::json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end()) fail<FormatError>(name, ": no key ", key);
  if (!found->is_string()) refuse(name, key, shown(*found), "a text");
  return found->get<std::string>();
}

bool flag(const nlohmann::json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) refuse(name, key, shown(*found), "true or false");
  return found->get<bool>();
}

/// The shortest text that reads back as this number, with a decimal point or exponent.
std::string python_float(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string made(buffer, end);
  if (made.find_first_of(".en") == std::string::npos) made += ".0";
  return made;
}

}  // namespace

std::string_view name_of(ModelType type) {
  switch (type) {
    case ModelType::rnn: return "rnn";
    case ModelType::cnn: return "cnn";
    case ModelType::bow: return "bow";
  }
  return "?";
}

ModelType parse_model_type(std::string_view name) {
  for (const auto type : {ModelType::rnn, ModelType::cnn, ModelType::bow})
    if (name == name_of(type)) return type;
  fail<FormatError>("model type is \"", name, "\", expected rnn, cnn or bow");
}

void check_settings(const ModelSettings& s, const std::string& name) {
  const auto check = [&](const char* key, Index value, Index min, Index max) {
    if (value < min || value > max)
      refuse(name, key, std::to_string(value), std::to_string(min) + " to " + std::to_string(max));
  };
  check("number of classes", s.classes, 2, max_classes);
  check("number of layers", s.layers, 1, max_layers);
  check("number of units", s.units, s.type == ModelType::cnn ? 3 : 1, max_units);
  if (!(s.dropout >= 0 && s.dropout < 1)) refuse(name, "dropout", python_float(s.dropout), "0 to below 1");
}

double parameter_count(const ModelSettings& s, Index words) {
  const auto units = static_cast<double>(s.units), layers = static_cast<double>(s.layers);
  const double embedding = static_cast<double>(words) * units;
  const auto output = [&](double features) { return static_cast<double>(s.classes) * (features + 1); };
  const auto perceptron = [&](double size) { return layers * size * (size + 1); };
  switch (s.type) {
    case ModelType::rnn: return embedding + layers * (8 * units * units + 8 * units) + output(units);
    case ModelType::bow: return embedding + perceptron(units) + output(units);
    case ModelType::cnn: {
      const auto filters = static_cast<double>(s.units / 3);
      return embedding + filters * units * (3 + 4 + 5) + perceptron(3 * filters) + output(3 * filters);
    }
  }
  return 0;
}

std::string settings_json(const ModelSettings& s) {
  return message("{\"num_classes\": ", s.classes, ", \"model_type\": \"", name_of(s.type),
                 "\", \"num_layers\": ", s.layers, ", \"num_units\": ", s.units,
                 ", \"dropout\": ", python_float(s.dropout), s.char_based ? ", \"char_based\": true}" : "}");
}

ModelSettings parse_settings_json(std::string_view json, const std::string& name) {
  const auto object = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
  if (object.is_discarded()) fail<FormatError>(name, ": is not JSON");
  if (!object.is_object()) fail<FormatError>(name, ": is not an object with the model's settings");
  const bool notebook = object.contains("model_type");  // otherwise the keys of the older example
  ModelSettings s;
  try {
    s.type = parse_model_type(text(object, notebook ? "model_type" : "model", name));
  } catch (const FormatError& error) {
    const std::string reason = error.what();
    fail<FormatError>(reason.rfind(name, 0) == 0 ? "" : name + ": ", reason);
  }
  s.classes = integer(object, notebook ? "num_classes" : "n_class", name);
  s.layers = integer(object, notebook ? "num_layers" : "layer", name);
  s.units = integer(object, notebook ? "num_units" : "unit", name);
  s.dropout = number(object, "dropout", name);
  s.char_based = flag(object, "char_based", name);
  check_settings(s, name);
  return s;
}

}  // namespace sentiment
