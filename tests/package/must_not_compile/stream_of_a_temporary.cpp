// SPDX-License-Identifier: MIT
// expected: deleted
#include <lstmlib/core.hpp>
using namespace lstmlib;
nn::RnnStream f(const nn::Lstm<float>& lstm) { return nn::RnnStream(nn::InferenceRnn(lstm)); }
