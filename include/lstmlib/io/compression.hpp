// SPDX-License-Identifier: MIT
#pragma once
// How members of an archive are packed.

#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::io {

enum class Compression : std::uint8_t { store, deflate };

}  // namespace lstmlib::inline LSTMLIB_ABI::io
