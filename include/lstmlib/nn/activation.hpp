// SPDX-License-Identifier: MIT
#pragma once
// Names of activations, for options of layers.

#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::nn {

enum class Activation : std::uint8_t { tanh, relu };

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
