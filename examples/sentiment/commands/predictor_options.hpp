// SPDX-License-Identifier: MIT
#pragma once
// Common options of commands that use a trained model.

#include "sentiment/model/device.hpp"
#include "sentiment/model/predictor.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace sentiment {

inline void add_predictor_options(CLI::App& command, PredictorOptions& options) {
  command
      .add_option_function<std::string>(
          "--precision", [&options](const std::string& name) { options.precision = parse_precision(name); },
          "Of the recurrent weights: fp32; bf16 and, on a CPU, int8 are faster and change probabilities a "
          "little. On "
          "a GPU also fp16 (operands of 11 bits) and fp32_strict (no shortcuts); a CPU takes both for fp32")
      ->check(CLI::IsMember({"fp32", "bf16", "int8", "fp16", "fp32_strict"}))
      ->default_str("fp32");
}

/// Adds --path.
inline void add_model_path_option(CLI::App& command, std::string& path) {
  command.add_option(
      "--path", path,
      "Where in the file my_model.npz the model is: updater/model:main/ for a snapshot of a training "
      "run that stands in its place");
}

/// Adds --device, for commands with a single thread.
inline void add_device_option(CLI::App& command, PredictorOptions& options) {
  command.add_option("--device", options.device, about_devices)->capture_default_str();
}

}  // namespace sentiment
