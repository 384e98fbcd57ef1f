// SPDX-License-Identifier: MIT
#include "sentiment/commands/failure.hpp"

#include "sentiment/training/job/container.hpp"

#include <iostream>

namespace sentiment {

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

void report_failed_work(bool in_job, const std::string& text) {
  const std::string line = one_line(text);
  std::cerr << "sentiment: " + line + '\n';  // in one write, because other processes may write as well
  if (in_job) job::report_failure(line);
}

}  // namespace sentiment
