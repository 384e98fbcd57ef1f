// SPDX-License-Identifier: MIT
#pragma once
// Any bytes as the body of a request: refused with an HttpError, or sentences that all answers can carry.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sentiment::test {

/// `type`: the body's. Aborts where something is not as it should be; returns 0, for libFuzzer.
int try_body(std::string_view type, const std::uint8_t* data, std::size_t size);

}  // namespace sentiment::test
