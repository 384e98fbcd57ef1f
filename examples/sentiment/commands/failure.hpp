// SPDX-License-Identifier: MIT
#pragma once
// How the program tells that its work failed.

#include <string>

namespace sentiment {

/// One line, whatever the text was made of.
std::string one_line(std::string text);

/// Tells of a failure in one line on standard error; that of a training job also where its service looks.
void report_failed_work(bool in_job, const std::string& text);

}  // namespace sentiment
