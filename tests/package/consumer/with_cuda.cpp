// SPDX-License-Identifier: MIT
#include <lstmlib/core.hpp>
#include <lstmlib/cuda.hpp>

#include <cstdio>

using namespace lstmlib;

#ifndef LSTMLIB_HAS_CUDA
#error "the target says that there is a CUDA part"
#endif

int main() {
  const bool installed = cuda::install();
  std::puts(cuda::description().c_str());
  if (installed) {
    const Variable<float> x(Tensor<float>::from({1, 2}, {2}, Device::parse("cuda")));
    return ops::sum(ops::tanh(x)).item() > 0 ? 0 : 1;
  }
  try {
    Device::parse("cuda");
  } catch (const DeviceError&) {
    return 0;  // no GPU here
  }
  return 1;
}
