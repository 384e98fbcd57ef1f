// SPDX-License-Identifier: MIT
#pragma once
// An endpoint on this machine: `sentiment serve` in a folder laid out like a hosting container, on a loopback
// port.

#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/cloud/local/bucket.hpp"
#include "sentiment/support/process.hpp"

#include <memory>
#include <string>

namespace sentiment::local {

/// Process and folder are removed by the destructor.
class Endpoint {
 public:
  /// Unpacks the model.tar.gz and waits until /ping reports that the model is loaded. Throws Error if that
  /// fails, and cloud::Interrupted.
  Endpoint(std::string name, const std::string& model_uri, const Bucket& bucket, const fs::path& instances);

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }  ///< without a path
  /// Ends it cleanly; returns its exit status.
  int remove();

 private:
  std::string name_, url_;
  cloud::ScratchFolder instance_;
  std::unique_ptr<process::Process> process_;
};

}  // namespace sentiment::local
