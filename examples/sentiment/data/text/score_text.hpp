// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace sentiment {

/// The score as text, as Python writes it: the shortest that reads back as the double that equals the
/// float32.
std::string score_text(float score);

}  // namespace sentiment
