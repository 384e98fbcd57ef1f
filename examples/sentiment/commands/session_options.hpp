// SPDX-License-Identifier: MIT
#pragma once
// What all commands of the cloud have in common: who asks, how much is said, and how an interrupt ends them.

#include "sentiment/cloud/session.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace sentiment {

struct SessionOptions {
  std::string profile, region;
  bool quiet = false, verbose = false;

  cloud::Session session() const;
};

/// Adds --profile, --region, --quiet and --verbose.
void add_session_options(CLI::App& command, SessionOptions& options);

/// Runs a command's work: SIGINT and SIGTERM end it in order, with status 130 and 143.
void run_interruptible(const std::function<void()>& work);

/// Where credentials come from, for the foot of a command's help.
extern const char* const about_credentials;

}  // namespace sentiment
