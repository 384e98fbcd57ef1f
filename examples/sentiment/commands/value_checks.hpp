// SPDX-License-Identifier: MIT
#pragma once
// Checks of options' values whose messages say what came and what was expected.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sentiment {

/// A whole number in decimal digits, both ends included. CLI11's own conversion takes "010" for 8, and -1 for
/// the largest number.
CLI::Validator whole_number(std::uint64_t from,
                            std::uint64_t to = (std::numeric_limits<std::uint64_t>::max)());

/// A number such as 0.4 or 1e-3, both ends included.
CLI::Validator number_from(double from, double to);
/// The same without the upper end.
CLI::Validator number_below(double from, double end);

/// A file or a folder of this machine, and no address: see is_address.
CLI::Validator local_path();

/// "s3://BUCKET/KEY". Throws nothing.
CLI::Validator s3_address();

/// A check by a function that returns what is wrong, or "": those of cloud/names.hpp.
CLI::Validator checked_by(std::string (*fault)(std::string_view));

}  // namespace sentiment
