// SPDX-License-Identifier: MIT
#include "sentiment/cloud/deployment.hpp"

#include "sentiment/cloud/interrupt.hpp"

namespace sentiment::cloud {

Undo::~Undo() {
  const PutInOrder also_after_an_interrupt;
  while (!steps_.empty()) {
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    std::string result = step.what;
    try {
      step.undo();
    } catch (const ServiceError& error) {
      if (is_missing(error)) continue;  // it was never created
      result += std::string(" failed: ") + error.what();
    } catch (const std::exception& error) { result += std::string(" failed: ") + error.what(); }
    if (watching_.report) watching_.report(result);
  }
}

void Undo::make(std::string what, const std::function<void()>& make, std::function<void()> undo) {
  steps_.push_back({std::move(what), std::move(undo)});
  try {
    make();
  } catch (const ServiceError& error) {
    if (error.status < 500) steps_.pop_back();
    throw;
  }
}

void deploy(SageMaker& sagemaker, Deployment deployment, Undo& undo, const Watching& watching) {
  const std::string name = deployment.model.name = deployment.name;
  undo.make(
      "deleting model " + name, [&] { sagemaker.create_model(deployment.model); },
      [&sagemaker, name] { sagemaker.delete_model(name); });
  undo.make(
      "deleting endpoint config " + name,
      [&] {
        sagemaker.create_endpoint_config(name, name, deployment.instance_type, deployment.instance_count);
      },
      [&sagemaker, name] { sagemaker.delete_endpoint_config(name); });
  undo.make(
      "deleting endpoint " + name, [&] { sagemaker.create_endpoint(name, name); },
      [&sagemaker, name, watching] { delete_endpoint_when_made(sagemaker, name, watching); });
}

}  // namespace sentiment::cloud
