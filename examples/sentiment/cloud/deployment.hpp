// SPDX-License-Identifier: MIT
#pragma once
// A model behind an endpoint; and how to be rid of what was begun where a later step fails.

#include "sentiment/cloud/waiting.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// What is to be done where the work does not come to its end, the last first, also after an interrupt.
class Undo {
 public:
  explicit Undo(Watching watching) : watching_(std::move(watching)) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo();

  /// Does `make`, and remembers `undo` for it: before, as a request whose answer is lost may have done its
  /// work. A refusal (status 400 to 499) made nothing, and nothing is remembered: what has the name then is
  /// somebody else's.
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
  std::string name;  ///< of model, configuration and endpoint
  Model model;       ///< without a name
  std::string instance_type = "ml.m5.large";
  int instance_count = 1;
};

/// Makes the three, and does not wait. Throws as SageMaker; `undo` has what was made.
void deploy(SageMaker& sagemaker, Deployment deployment, Undo& undo, const Watching& watching);

}  // namespace sentiment::cloud
