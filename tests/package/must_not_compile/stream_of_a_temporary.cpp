// SPDX-License-Identifier: MIT
// expected: deleted
#include <lstmlib/core.hpp>
using namespace lstmlib;
nn::LstmStream f(const nn::Lstm<float>& lstm) { return nn::LstmStream(nn::FrozenRecurrent(lstm)); }
