// SPDX-License-Identifier: MIT
#ifdef CONSUMER_CORE_ONLY
#include <lstmlib/core.hpp>
#else
#include <lstmlib/lstmlib.hpp>
#endif

float loss_elsewhere() {
  const lstmlib::Variable<float> scores(lstmlib::Tensor<float>::zeros({1, 2}));
  return lstmlib::ops::softmax_cross_entropy(scores, lstmlib::Tensor<std::int32_t>::from({1}, {1})).item();
}
