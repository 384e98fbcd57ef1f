// SPDX-License-Identifier: MIT
// expected: LinearOptions
#include <lstmlib/core.hpp>
using namespace lstmlib;
nn::Linear<float> linear(3, 4);
