// SPDX-License-Identifier: MIT
#pragma once
// Formats predictions for `predict` and `invoke`.

#include "sentiment/model/predict.hpp"

#include <string>

namespace sentiment {

/// One line, without its end. `format`: text, json or csv.
std::string prediction_line(const Prediction& prediction, const std::string& format);

}  // namespace sentiment
