// SPDX-License-Identifier: MIT
#ifdef CONSUMER_CORE_ONLY
#include <lstmlib/core.hpp>
#else
#include <lstmlib/lstmlib.hpp>
#endif

float loss_elsewhere();

int main() {
  const lstmlib::nn::Linear<float> layer({.input_size = 2, .output_size = 2});
  const lstmlib::Variable<float> x(lstmlib::Tensor<float>::from({1, 2}, {1, 2}));
  return layer(x).shape() == lstmlib::Shape{1, 2} && loss_elsewhere() > 0 ? 0 : 1;
}
