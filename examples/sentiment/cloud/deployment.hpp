// SPDX-License-Identifier: MIT
#pragma once
// Puts a model behind an endpoint, and removes what was created if a later step fails.

#include "sentiment/cloud/waiting.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// Undo steps, run in reverse order if the work does not finish, also after an interrupt.
class Undo {
 public:
  explicit Undo(Watching watching) : watching_(std::move(watching)) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo();

  /// Records `undo`, then calls `make`: a request may have succeeded even if its response is lost. If the
  /// service refuses (status 400 to 499), nothing was created and `undo` is dropped: an existing resource of
  /// that name belongs to somebody else.
  void make(std::string what, const std::function<void()>& make, std::function<void()> undo);
  void forget() { steps_.clear(); }

 private:
  struct Step {
    std::string what;
    std::function<void()> undo;
  };
  Watching watching_;
  std::vector<Step> steps_;
};

struct Deployment {
  std::string name;  ///< name of model, configuration and endpoint
  Model model;       ///< name left empty
  std::string instance_type = "ml.m5.large";
  int instance_count = 1;
};

/// Creates all three without waiting. Throws like SageMaker; `undo` has the steps to remove what was created.
void deploy(SageMaker& sagemaker, Deployment deployment, Undo& undo, const Watching& watching);

}  // namespace sentiment::cloud
