// SPDX-License-Identifier: MIT
#pragma once
// The folders of a training container, below /opt/ml or $SAGEMAKER_BASE_DIR.

#include <filesystem>
#include <string>

namespace sentiment::job {

namespace fs = std::filesystem;

struct Container {
  fs::path root = "/opt/ml";

  fs::path hyperparameters() const { return config() / "hyperparameters.json"; }
  fs::path channels() const { return config() / "inputdataconfig.json"; }
  fs::path resources() const { return config() / "resourceconfig.json"; }
  fs::path config() const { return root / "input/config"; }
  fs::path data(const std::string& channel) const { return root / "input/data" / channel; }
  fs::path model() const { return root / "model"; }         ///< becomes model.tar.gz
  fs::path output() const { return root / "output/data"; }  ///< becomes output.tar.gz
  fs::path failure() const { return root / "output/failure"; }
  fs::path checkpoints() const { return root / "checkpoints"; }  ///< exists if the job keeps checkpoints
};

Container container_from_environment();

/// Whether this process is a training job: the container's input/config is a folder, or variables of the
/// Python training toolkit are set (SM_MODEL_DIR, SM_OUTPUT_DATA_DIR, SM_CHANNEL_TRAIN).
bool in_training_job();

/// In a training job, writes the reason for a failure where the service looks for it. Write errors are
/// ignored, because the reason is on standard error as well.
void report_failure(const std::string& reason);

}  // namespace sentiment::job
