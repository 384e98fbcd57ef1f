// SPDX-License-Identifier: MIT
#pragma once
// What the classes of a model are called: labels.json in its folder, a list of texts from class 0 on. The file need
// not be there; the reference has none.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

inline constexpr const char* class_names_file = "labels.json";

/// Empty where the folder has no such file. Throws FileError or FormatError for one that cannot be read.
std::vector<std::string> read_class_names(const std::filesystem::path& folder);

/// `names`: with commas between. Nothing is written where there are none. Throws FileError.
void write_class_names(const std::filesystem::path& folder, std::string_view names);

}  // namespace sentiment
