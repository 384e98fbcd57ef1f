// SPDX-License-Identifier: MIT
#pragma once
// The devices that a user can name.

#include "lstmlib/tensor/device.hpp"

#include <string>

namespace sentiment {

/// For the help of commands.
inline constexpr const char* about_devices = "auto (a GPU if there is one), cpu, cuda, cuda:N";

/// Number of usable GPUs. The first call queries the driver.
int gpu_count();

/// The device `name`. Throws DeviceError that says what to do if it is not available.
lstmlib::Device find_device(const std::string& name);

}  // namespace sentiment
