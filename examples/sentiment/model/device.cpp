// SPDX-License-Identifier: MIT
#include "sentiment/model/device.hpp"

#ifdef LSTMLIB_HAS_CUDA
#include "lstmlib/cuda.hpp"
#endif

namespace sentiment {

using namespace lstmlib;

namespace {

/// Whether there is a usable GPU. The first call queries the driver, which takes a moment.
bool has_gpu() {
#ifdef LSTMLIB_HAS_CUDA
  if (cuda::install()) return true;
#endif
  return find_backend("cuda") != nullptr;
}

/// The reason why there is no usable GPU.
std::string why_no_gpu() {
#ifdef LSTMLIB_HAS_CUDA
  return "no GPU is usable here (" + cuda::description() + ")";
#else
  return "this program was built without CUDA; build it with nvcc and -DLSTMLIB_CUDA=ON";
#endif
}

}  // namespace

int gpu_count() { return has_gpu() ? find_backend("cuda")->device_count() : 0; }

Device find_device(const std::string& name) {
  if (name == "cpu") return Device::cpu();
  if (name == "auto") return has_gpu() ? Device::parse("cuda") : Device::cpu();
  const bool wants_gpu = name == "cuda" || name.rfind("cuda:", 0) == 0;
  if (wants_gpu && !has_gpu())
    fail<DeviceError>("--device ", name, ": ", why_no_gpu(), ", or use --device cpu");
  if (!wants_gpu) fail<DeviceError>("--device ", name, ": expected ", about_devices);
  return Device::parse(name);
}

}  // namespace sentiment
