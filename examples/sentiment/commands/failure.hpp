// SPDX-License-Identifier: MIT
#pragma once
// Reports failures.

#include <string>

namespace sentiment {

/// The text on one line.
std::string one_line(std::string text);

/// Reports a failure in one line on standard error and, in a training job, where the service looks for it.
void report_failed_work(bool in_job, const std::string& text);

}  // namespace sentiment
