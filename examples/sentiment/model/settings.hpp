// SPDX-License-Identifier: MIT
#pragma once
// What a model is, and args.json, the file that says it.

#include "lstmlib/base/index.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sentiment {

enum class ModelType { rnn, cnn, bow };

/// "rnn", "cnn", "bow".
std::string_view name_of(ModelType type);
/// Throws FormatError naming the three for any other.
ModelType parse_model_type(std::string_view name);

struct ModelSettings {
  lstmlib::Index classes = 2;  ///< at least 2
  ModelType type = ModelType::rnn;
  lstmlib::Index layers = 1;   ///< of the LSTM, or of the perceptron of the other types; at least 1
  lstmlib::Index units = 300;  ///< at least 1; cnn: at least 3
  double dropout = 0.4;        ///< 0 to below 1
  bool char_based = false;     ///< sentences are sequences of characters, not of words

  bool operator==(const ModelSettings&) const = default;
};

/// Throws FormatError, which begins with `name` and names the setting, for a value outside its range.
void check_settings(const ModelSettings& settings, const std::string& name);

/// How many numbers the parameters of such a model are, for a vocabulary of `words`. Exact up to 2^53.
double parameter_count(const ModelSettings& settings, lstmlib::Index words);

/// args.json as the reference writes it. `char_based` stands in it only where it is true: the reference has
/// no such key.
std::string settings_json(const ModelSettings& settings);
/// The other way; also the layout of the reference's older example ("model", "unit", ...). Throws FormatError
/// with `name`.
ModelSettings parse_settings_json(std::string_view json, const std::string& name);

}  // namespace sentiment
