// SPDX-License-Identifier: MIT
#pragma once
// Names of a model's classes: labels.json in its folder, a list of texts from class 0. The file is optional;
// the Chainer scripts do not have it.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

inline constexpr const char* class_names_file = "labels.json";

/// Empty if the folder has no such file. Throws FileError or FormatError if it cannot be read.
std::vector<std::string> read_class_names(const std::filesystem::path& folder);

/// `names`: separated by commas. If empty, nothing is written. Throws FileError.
void write_class_names(const std::filesystem::path& folder, std::string_view names);

}  // namespace sentiment
