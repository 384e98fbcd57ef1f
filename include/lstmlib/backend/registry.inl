// SPDX-License-Identifier: MIT
#pragma once
// The back ends of this program. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/backend/registry.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

LSTMLIB_INLINE std::string installed_backends() {
  std::string names = "cpu";
  for (const auto& place : detail::installed_backends)
    if (const Backend* known = place.load()) names.append(", ").append(known->name());
  return names;
}

LSTMLIB_INLINE void install_backend(Backend& backend) {
  for (auto& place : detail::installed_backends) {
    Backend* known = nullptr;
    if (place.compare_exchange_strong(known, &backend) || known == &backend) return;
  }
  fail<DeviceError>("install_backend: no room for ", backend.name(), " (installed: ", installed_backends(),
                    ')');
}

LSTMLIB_INLINE Backend* find_backend(std::string_view name) {
  if (name == "cpu") return &cpu_backend();
  for (const auto& place : detail::installed_backends)
    if (Backend* known = place.load(); known && known->name() == name) return known;
  return nullptr;
}

}  // namespace lstmlib::inline LSTMLIB_ABI
