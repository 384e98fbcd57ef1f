// SPDX-License-Identifier: MIT
#include <lstmlib/lstmlib.hpp>

#include <cstdio>

using namespace lstmlib;

int main() {
  set_seed(1);
  nn::Lstm encoder({.input_size = 3, .hidden_size = 4});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2, 1});
  const Variable x(nn::normal<float>({3, 3}, 1));
  const auto h = encoder({x, layout}).last_hidden();
  ops::sum(h).backward();
  std::printf("%lld x %lld\n", static_cast<long long>(h.shape()[0]), static_cast<long long>(h.shape()[1]));
  return encoder.layers[0].weight_hidden.grad() ? 0 : 1;
}
