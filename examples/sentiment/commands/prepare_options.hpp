// SPDX-License-Identifier: MIT
#pragma once
// The common options of `prepare` and `run`.

#include "sentiment/data/prepare.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

/// Adds --data, --max-vocab, --min-frequency, --encoding, --strict, --char-based, and --dataset, whose value
/// must be a known name.
void add_prepare_options(CLI::App& command, PrepareOptions& options);

}  // namespace sentiment
