// SPDX-License-Identifier: MIT
// expected: linear
#include <lstmlib/core.hpp>
using namespace lstmlib;
auto f(Variable<float> x, Variable<double> w) { return ops::linear(x, w); }
