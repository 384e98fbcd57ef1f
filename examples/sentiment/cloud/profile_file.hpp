// SPDX-License-Identifier: MIT
#pragma once
// The files ~/.aws/config and ~/.aws/credentials: sections of names and values, read as botocore (the base of
// boto3 and of the AWS command line) reads them, with Python's configparser. What that refuses is refused here.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// Values by name, in small letters. Lines that are indented deeper than the name belong to its value, joined
/// by '\n'.
using ProfileSection = std::map<std::string, std::string>;
/// Sections in the order of the file, by what stands in the brackets, letter by letter: "default", "profile
/// work", "services local".
using ProfileFile = std::vector<std::pair<std::string, ProfileSection>>;

/// Reads such a text: lines that begin with `#` or `;` are comments, `=` or `:` ends a name, and what the
/// section DEFAULT says holds in all others. Throws FormatError, which names the line and never shows it, for
/// a line that is none of these, a section or a name that comes twice, and what is no UTF-8.
ProfileFile parse_profiles(std::string_view text);

/// The file's sections; none where there is no such file. Throws FileError where it cannot be read or has over
/// a megabyte, and FormatError, with the file's name first, as parse_profiles.
ProfileFile read_profiles(const std::filesystem::path& file);

/// The values within a value: "\nendpoint_url = http://...". Empty for a value that holds none.
ProfileSection nested_values(const std::string& value);

/// What `kind` names in a section's title: "profile work" and `profile "work"` are the profile work. Words are
/// divided as a shell divides them; nothing for other titles.
std::optional<std::string> titled(std::string_view title, std::string_view kind);

}  // namespace sentiment::cloud
