// SPDX-License-Identifier: MIT
#pragma once
// SHA-256 of files, by OpenSSL.

#include <filesystem>
#include <string>

namespace sentiment {

/// SHA-256 of a file, in hex. Throws FileError.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace sentiment
