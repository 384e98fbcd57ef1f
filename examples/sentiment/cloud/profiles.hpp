// SPDX-License-Identifier: MIT
#pragma once
// The profiles of ~/.aws/config and ~/.aws/credentials, merged as in botocore.

#include "sentiment/cloud/profile_file.hpp"

#include <map>

namespace sentiment::cloud {

struct Profiles {
  std::filesystem::path config_file, credentials_file;
  ProfileSection chosen;  ///< values of the chosen profile; the credentials file has precedence
  std::string name;       ///< of the chosen profile
  std::string named_by;   ///< "--profile" or "AWS_PROFILE"; empty: "default", because none was chosen

  /// By name: "[profile NAME]" and "[default]" in the config file, "[NAME]" in the credentials file.
  std::map<std::string, ProfileSection> config, credentials, both;
  std::map<std::string, ProfileSection> services, sso_sessions;  ///< of the config file

  /// Reads both files (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, or those in ~/.aws). The profile is the
  /// given one, that of AWS_DEFAULT_PROFILE or AWS_PROFILE, or "default". Throws like read_profiles, and
  /// Error if a named profile is in neither file.
  static Profiles read(const std::string& profile);

  /// A value of the chosen profile; empty if there is none.
  std::string get(const std::string& key) const;
  /// "profile work (~/.aws/config, ~/.aws/credentials)", for messages.
  std::string about(const std::string& profile) const;
};

/// A value of a section; empty if there is none.
std::string value_of(const ProfileSection& section, const std::string& key);

/// Expands "~", "$NAME" and "${NAME}" in a path, like Python's expanduser and expandvars.
std::filesystem::path expanded_path(const std::string& path);

}  // namespace sentiment::cloud
