// SPDX-License-Identifier: MIT
// expected: make both of one type
#include <lstmlib/core.hpp>
using namespace lstmlib;
auto f(const Variable<float>& a, const Variable<double>& b) { return a + b; }
