// SPDX-License-Identifier: MIT
// expected: Ragged
#include <lstmlib/core.hpp>
using namespace lstmlib;
auto f(const nn::Lstm<float>& lstm, const Tokens& tokens) { return lstm(tokens); }
