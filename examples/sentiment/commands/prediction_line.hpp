// SPDX-License-Identifier: MIT
#pragma once
// How `predict` and `invoke` print a prediction.

#include "sentiment/model/predict.hpp"

#include <string>

namespace sentiment {

/// One line, without its end; `format` is text, json or csv.
std::string prediction_line(const Prediction& prediction, const std::string& format);

}  // namespace sentiment
