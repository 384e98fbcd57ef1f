// SPDX-License-Identifier: MIT
#pragma once
// Parses ~/.aws/config and ~/.aws/credentials: sections of names and values. Follows botocore (the base of
// boto3 and the AWS command line), which uses Python's configparser. What that refuses is refused here.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// Values by name in lower case. Lines that are indented more than the name belong to its value, joined by
/// '\n'.
using ProfileSection = std::map<std::string, std::string>;
/// Sections in the order of the file, by the exact text in brackets: "default", "profile work", "services
/// local".
using ProfileFile = std::vector<std::pair<std::string, ProfileSection>>;

/// Parses a text. Lines that begin with `#` or `;` are comments, `=` or `:` ends a name, and values of the
/// section DEFAULT apply to all others. Throws FormatError with the line's number, but never its text, for
/// any other line, a repeated section or name, and invalid UTF-8.
ProfileFile parse_profiles(std::string_view text);

/// The file's sections; empty if there is no such file. Throws FileError if it cannot be read or exceeds a
/// megabyte, and FormatError like parse_profiles, beginning with the file's name.
ProfileFile read_profiles(const std::filesystem::path& file);

/// Values nested in a value: "\nendpoint_url = http://...". Empty if there are none.
ProfileSection nested_values(const std::string& value);

/// The name in a section's title: "profile work" and `profile "work"` name the `kind` profile `work`. Words
/// are split as in a shell. Nothing for other titles.
std::optional<std::string> titled(std::string_view title, std::string_view kind);

}  // namespace sentiment::cloud
