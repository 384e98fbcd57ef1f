// SPDX-License-Identifier: MIT
#pragma once
// The options that `prepare` and `run` have in common.

#include "sentiment/data/prepare.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

/// Adds --data, --max-vocab, --min-frequency, --encoding, --strict and --char-based, and --dataset, which must be a name that is
/// known.
void add_prepare_options(CLI::App& command, PrepareOptions& options);

}  // namespace sentiment
