// SPDX-License-Identifier: MIT
#pragma once
// The files ~/.aws/config and ~/.aws/credentials: sections of names and values.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace sentiment::cloud {

/// Values by name, in lower case. A value below another, indented, is "OUTER.INNER": "s3.endpoint_url".
using ProfileSection = std::map<std::string, std::string>;
/// Sections by what stands in the brackets, words one space apart: "default", "profile work", "services
/// local".
using ProfileFile = std::map<std::string, ProfileSection>;

/// Reads such a text: `#` and `;` begin a comment at the start of a line, and after a space behind a
/// section's name; lines that are neither are passed over, as the AWS command line does. Never throws for
/// content.
ProfileFile parse_profiles(std::string_view text);

/// The file's sections; none where it is not there. Throws FileError where it cannot be read or has over a
/// megabyte.
ProfileFile read_profiles(const std::filesystem::path& file);

}  // namespace sentiment::cloud
