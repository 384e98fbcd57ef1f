// SPDX-License-Identifier: MIT
#pragma once
// The settings of a model, and args.json, the file that holds them.

#include "lstmlib/base/index.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sentiment {

enum class ModelType { rnn, cnn, bow };

/// "rnn", "cnn", "bow".
std::string_view name_of(ModelType type);
/// Throws FormatError that lists the three names for any other.
ModelType parse_model_type(std::string_view name);

struct ModelSettings {
  lstmlib::Index classes = 2;  ///< at least 2
  ModelType type = ModelType::rnn;
  lstmlib::Index layers = 1;   ///< of the LSTM, or of the perceptron for other types; at least 1
  lstmlib::Index units = 300;  ///< at least 1; cnn: at least 3
  double dropout = 0.4;        ///< 0 to below 1
  bool char_based = false;     ///< sentences are sequences of characters instead of words

  bool operator==(const ModelSettings&) const = default;
};

/// Throws FormatError, which begins with `name`, for a setting outside its range.
void check_settings(const ModelSettings& settings, const std::string& name);

/// Number of parameters of such a model with `words` words. Exact up to 2^53.
double parameter_count(const ModelSettings& settings, lstmlib::Index words);

/// args.json in the format of the Chainer scripts. `char_based` is only written if it is true, because they
/// have no such key.
std::string settings_json(const ModelSettings& settings);
/// The inverse. Also accepts the keys of the Chainer scripts' older example ("model", "unit", ...). Throws
/// FormatError with `name`.
ModelSettings parse_settings_json(std::string_view json, const std::string& name);

}  // namespace sentiment
