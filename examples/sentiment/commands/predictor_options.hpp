// SPDX-License-Identifier: MIT
#pragma once
// What the commands that ask a trained model have in common.

#include "sentiment/model/predictor.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

inline void add_predictor_options(CLI::App& command, PredictorOptions& options) {
  command
      .add_option_function<std::string>(
          "--precision", [&options](const std::string& name) { options.precision = parse_precision(name); },
          "Of the recurrent weights: fp32; bf16 and int8 are faster and change probabilities a little")
      ->check(CLI::IsMember({"fp32", "bf16", "int8"}))
      ->default_str("fp32");
}

}  // namespace sentiment
