// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace sentiment {

/// The score in Python's notation: the shortest text that reads back as the same double.
std::string score_text(float score);

}  // namespace sentiment
