// SPDX-License-Identifier: MIT
#pragma once
// Validators of option values. Their messages say what was given and what was expected.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sentiment {

/// An integer in decimal digits from `from` to `to`. CLI11's own conversion reads "010" as 8, and -1 as the
/// largest number.
CLI::Validator whole_number(std::uint64_t from,
                            std::uint64_t to = (std::numeric_limits<std::uint64_t>::max)());

/// A number such as 0.4 or 1e-3 from `from` to `to`.
CLI::Validator number_from(double from, double to);
/// The same, but below `end`.
CLI::Validator number_below(double from, double end);

/// A file or folder on this machine, not an address: see is_address.
CLI::Validator local_path();

/// "s3://BUCKET/KEY".
CLI::Validator s3_address();

/// A validator from a function that returns an error message or "", such as those of cloud/names.hpp.
CLI::Validator checked_by(std::string (*fault)(std::string_view));

}  // namespace sentiment
