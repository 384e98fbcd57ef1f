// SPDX-License-Identifier: MIT
#pragma once
// SHA-256 by OpenSSL, in hex.

#include <filesystem>
#include <string>
#include <string_view>

namespace sentiment {

/// Throws FileError.
std::string sha256_of_file(const std::filesystem::path& file);
std::string sha256_of_text(std::string_view text);

/// Two lower-case hexadecimal digits per byte.
std::string hex(std::string_view bytes);

}  // namespace sentiment
