// SPDX-License-Identifier: MIT
#include "sentiment/training/job/container.hpp"

#include "sentiment/data/file.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <cstdlib>

namespace sentiment::job {

Container container_from_environment() {
  Container container;
  if (const char* root = std::getenv("SAGEMAKER_BASE_DIR"); root && *root) container.root = root;
  return container;
}

bool in_training_job() {
  for (const char* name : {"SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR", "SM_CHANNEL_TRAIN"})
    if (const char* value = std::getenv(name); value && *value) return true;
  std::error_code error;
  return fs::is_directory(container_from_environment().config(), error);
}

void report_failure(const std::string& reason) {
  const Container container = container_from_environment();
  std::error_code error;
  if (!fs::is_directory(container.config(), error)) return;
  try {
    write_text(container.failure(), decode_utf8(reason) + '\n');
  } catch (const lstmlib::FileError&) { return; }
}

}  // namespace sentiment::job
