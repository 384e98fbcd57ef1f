// SPDX-License-Identifier: MIT
// expected: Direction
#include <lstmlib/core.hpp>
using namespace lstmlib;
auto f(const nn::RecurrentStackOutput<float>& out) { return out.last_hidden(2); }
