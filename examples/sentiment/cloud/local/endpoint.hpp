// SPDX-License-Identifier: MIT
#pragma once
// An endpoint on this machine: `sentiment serve` in a folder laid out as a hosting container, at a port of
// the loopback.

#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/cloud/local/bucket.hpp"
#include "sentiment/support/process.hpp"

#include <memory>
#include <string>

namespace sentiment::local {

/// Gone, process and folder, with the object.
class Endpoint {
 public:
  /// Unpacks the model.tar.gz and waits until /ping says that the model is loaded. Throws Error where it does
  /// not, and cloud::Interrupted.
  Endpoint(std::string name, const std::string& model_uri, const Bucket& bucket, const fs::path& instances);

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }  ///< without a path
  /// Ends it in order; its exit status.
  int remove();

 private:
  std::string name_, url_;
  cloud::ScratchFolder instance_;
  std::unique_ptr<process::Process> process_;
};

}  // namespace sentiment::local
