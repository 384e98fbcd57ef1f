// SPDX-License-Identifier: MIT
#include "sentiment/commands/session_options.hpp"

#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/commands/commands.hpp"

#include <csignal>
#include <iostream>

namespace sentiment {

const char* const about_credentials =
    "Credentials and region are found as the AWS command line finds them: AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY,\n"
    "AWS_SESSION_TOKEN, AWS_REGION; else a profile (--profile, AWS_PROFILE) of ~/.aws/credentials and "
    "~/.aws/config,\n"
    "a web identity, or a container's service. AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and the like lead to "
    "other "
    "servers;\n"
    "AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE names certificates to trust.";

cloud::Session SessionOptions::session() const {
  cloud::Session made = cloud::Session::find(profile, region);
  if (verbose) made.log = [](const std::string& line) { std::cerr << "sentiment: " << line << '\n'; };
  return made;
}

void add_session_options(CLI::App& command, SessionOptions& options) {
  const auto not_empty = [](const std::string& text) {
    return text.empty() ? std::string("is empty, expected a name") : std::string();
  };
  command.add_option("--profile", options.profile, "Profile of the shared credentials and config files")
      ->check(not_empty);
  command.add_option("--region", options.region, "Region of the cloud, such as eu-west-3")->check(not_empty);
  command.add_flag("--quiet", options.quiet, "No progress");
  command.add_flag("--verbose", options.verbose, "Log each request to standard error, without credentials");
}

void run_interruptible(const std::function<void()>& work) {
  std::signal(SIGPIPE, SIG_IGN);
  const lstmlib::train::SignalWatch watch;
  try {
    work();
  } catch (const cloud::Interrupted& interrupted) {
    std::cerr << "sentiment: interrupted\n";
    throw ExitStatus{128 + interrupted.signal};
  }
}

}  // namespace sentiment
