// SPDX-License-Identifier: MIT
#include "sentiment/cloud/transfers.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/session_options.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <iostream>
#include <memory>

namespace sentiment {

namespace fs = std::filesystem;

namespace {

struct DownloadOptions {
  SessionOptions session;
  std::string uri;
  fs::path output = ".";
  bool no_extract = false;
  cloud::ArchiveLimits limits;
};

void run(const DownloadOptions& o) {
  const cloud::S3Uri from = cloud::S3Uri::parse(o.uri);
  const cloud::Session session = o.session.session();
  cloud::S3 s3(session);
  if (o.no_extract) {
    std::cout << cloud::fetch_object(s3, from, o.output, o.limits.bytes, !o.session.quiet).string() << '\n';
  } else {
    cloud::fetch_archive(s3, from, o.output, o.limits, !o.session.quiet);
    std::cout << o.output.string() << '\n';
  }
}

}  // namespace

void add_download(CLI::App& app) {
  auto* command =
      app.add_subcommand("download", "Download the results of a training job from S3 and unpack them");
  const auto options = std::make_shared<DownloadOptions>();
  command
      ->add_option("--uri", options->uri, "s3://BUCKET/KEY of a .tar.gz, or with --no-extract of any object")
      ->required()
      ->check(s3_address());
  command->add_option("--output", options->output, "Folder for the results")
      ->check(local_path())
      ->capture_default_str();
  command->add_flag("--no-extract", options->no_extract,
                    "Do not unpack; store the object under the last part of its key");
  command
      ->add_option("--max-bytes", options->limits.bytes,
                   "Refuse larger objects and archives that unpack to more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_session_options(*command, options->session);
  command->footer(std::string("Prints the folder, or the file. It is complete or absent; archives with "
                              "links, devices or names that\n"
                              "lead out of the folder are refused.\n"
                              "Example:\n  sentiment download --uri "
                              "s3://my-bucket/my-job/output/output.tar.gz --output result\n\n") +
                  about_credentials);
  command->callback([options] { run_interruptible([&] { run(*options); }); });
}

}  // namespace sentiment
