// SPDX-License-Identifier: MIT
#pragma once
// The device of a tensor. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/tensor/device.hpp"

#include <charconv>

namespace lstmlib::inline LSTMLIB_ABI {

LSTMLIB_INLINE Device::Device(Backend& backend, int number) : backend_(&backend), number_(number) {
  if (number < 0 || number >= backend.device_count())
    fail<DeviceError>("no device ", number, ": ", backend.name(), " has ", backend.device_count());
}

LSTMLIB_INLINE Device Device::parse(std::string_view name) {
  const auto colon = name.find(':');
  const auto kind = name.substr(0, colon);
  int number = 0;
  if (colon != name.npos) {
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + colon + 1, end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end || number < 0)
      fail<DeviceError>("device \"", name, "\": a name like \"cpu\" or \"cuda:1\" is expected");
  }
  Backend* backend = find_backend(kind);
  if (!backend)
    fail<DeviceError>("no back end \"", kind, "\" (installed: ", installed_backends(), ")",
                      kind == "cuda" ? "; link lstmlib::cuda and call lstmlib::cuda::install()" : "");
  if (number >= backend->device_count())
    fail<DeviceError>("no device \"", name, "\": ", kind, " has ", backend->device_count());
  return {*backend, number};
}

}  // namespace lstmlib::inline LSTMLIB_ABI
