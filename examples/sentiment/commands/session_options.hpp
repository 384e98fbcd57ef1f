// SPDX-License-Identifier: MIT
#pragma once
// Common parts of all cloud commands: session, messages, and interrupts.

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

/// Runs a command's work. SIGINT and SIGTERM end it cleanly, with exit status 130 and 143.
void run_interruptible(const std::function<void()>& work);

/// Says where credentials come from; for the end of a command's help.
extern const char* const about_credentials;

}  // namespace sentiment
