// SPDX-License-Identifier: MIT
// expected: deleted
#include <lstmlib/core.hpp>
using namespace lstmlib;
nn::Linear<float> f(const nn::Linear<float>& layer) { return layer; }
