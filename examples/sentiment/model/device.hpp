// SPDX-License-Identifier: MIT
#pragma once
// The devices that a user can name.

#include "lstmlib/tensor/device.hpp"

#include <string>

namespace sentiment {

/// For the helps of commands.
inline constexpr const char* about_devices = "auto (a GPU if there is one), cpu, cuda, cuda:N";

/// The GPUs that this program can use. Asks the driver when it is called first.
int gpu_count();

/// The device `name`. Throws DeviceError that says what can be done where there is none.
lstmlib::Device find_device(const std::string& name);

}  // namespace sentiment
