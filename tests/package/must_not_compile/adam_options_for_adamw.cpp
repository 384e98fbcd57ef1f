// SPDX-License-Identifier: MIT
// expected: AdamWOptions
#include <lstmlib/core.hpp>
using namespace lstmlib;
void f(nn::Linear<float>& model) { optim::AdamW adam(model, optim::AdamOptions{.weight_decay_rate = 0.01}); }
