// SPDX-License-Identifier: MIT
#include "sentiment/cloud/local/container_process.hpp"

#include <signal.h>
#include <unistd.h>

#include <map>
#include <string_view>

namespace sentiment::local {

process::Program container_program(std::vector<std::string> arguments,
                                   const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool given = variables.count(std::string(text.substr(0, text.find('=')))) != 0;
    if (!given && !text.starts_with("SM_") && !text.starts_with("SAGEMAKER_") && !text.starts_with("AWS_") &&
        !text.starts_with("TRAINING_JOB_"))
      all.emplace_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + '=' + value);
  arguments.insert(arguments.begin(), "sentiment");
  return {.words = std::move(arguments),
          .file = "/proc/self/exe",
          .variables = std::move(all),
          .reads_output = true,
          .orphan_signal = SIGKILL};
}

}  // namespace sentiment::local
