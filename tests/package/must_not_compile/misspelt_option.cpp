// SPDX-License-Identifier: MIT
// expected: RecurrentOptions
#include <lstmlib/core.hpp>
using namespace lstmlib;
nn::Lstm<float> lstm({.input_size = 3, .hidden = 4});
