// SPDX-License-Identifier: MIT
#include "sentiment/cloud/names.hpp"
#include "sentiment/cloud/transfers.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/session_options.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <iostream>
#include <memory>

namespace sentiment {

namespace fs = std::filesystem;
using lstmlib::fail;
using lstmlib::FileError;

namespace {

struct UploadOptions {
  SessionOptions session;
  std::string bucket, prefix = "notebook/chainer_sentiment";
  fs::path train, test, vocab;
};

void run(const UploadOptions& o) {
  const std::pair<const char*, fs::path> channels[] = {
      {"train", o.train}, {"test", o.test}, {"vocab", o.vocab}};
  for (const auto& [name, folder] : channels)
    if (!fs::is_directory(folder)) fail<FileError>(folder.string(), ": is not a folder (--", name, ")");
  const cloud::S3Uri top{o.bucket, o.prefix};
  const cloud::Session session = o.session.session();
  cloud::S3 s3(session);
  std::string uris;
  for (const auto& [name, folder] : channels) {
    const cloud::S3Uri to = top.below(name);
    cloud::upload_folder(s3, folder, to, !o.session.quiet);
    uris += to.text() + '\n';
  }
  std::cout << uris;
}

}  // namespace

void add_upload(CLI::App& app) {
  auto* command =
      app.add_subcommand("upload", "Upload prepared data to S3, as the channels of a training job");
  const auto options = std::make_shared<UploadOptions>();
  command->add_option("--bucket", options->bucket, "S3 bucket, which must exist")
      ->required()
      ->check(checked_by(cloud::fault_of_bucket));
  command->add_option("--prefix", options->prefix, "Key prefix of the objects")
      ->check(checked_by(cloud::fault_of_prefix))
      ->capture_default_str();
  command->add_option("--train", options->train, "Folder with train.npz; all files in it are uploaded")
      ->required()
      ->check(local_path());
  command->add_option("--test", options->test, "Folder with test.npz")->required()->check(local_path());
  command->add_option("--vocab", options->vocab, "Folder with vocab.npy")->required()->check(local_path());
  add_session_options(*command, options->session);
  command->footer(
      std::string(
          "Prints the addresses of train, test and vocab, one per line, for `sentiment cloud fit`.\n"
          "Example:\n  sentiment upload --bucket my-bucket --train data/train --test data/test --vocab "
          "data/vocab\n\n") +
      about_credentials);
  command->callback([options] { run_interruptible([&] { run(*options); }); });
}

}  // namespace sentiment
