// SPDX-License-Identifier: MIT
#pragma once
// The profiles of ~/.aws/config and ~/.aws/credentials together, as botocore joins them.

#include "sentiment/cloud/profile_file.hpp"

namespace sentiment::cloud {

struct Profiles {
  std::filesystem::path config_file, credentials_file;
  ProfileSection
      chosen;        ///< the values of the chosen profile in both files; those of the credentials file win
  std::string name;  ///< of the chosen one
  std::string named_by;  ///< "--profile", "AWS_PROFILE"; empty: nobody chose, so it is "default"

  /// By their names. In the config file "[profile NAME]" and "[default]", in the credentials file "[NAME]".
  std::map<std::string, ProfileSection> config, credentials, both;
  std::map<std::string, ProfileSection> services, sso_sessions;  ///< of the config file

  /// Reads both files (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else those in ~/.aws). The profile is the
  /// one given, that of AWS_DEFAULT_PROFILE or AWS_PROFILE, or "default". Throws as read_profiles, and Error
  /// where a profile was named and is in neither file.
  static Profiles read(const std::string& profile);

  /// A value of the chosen profile; empty where there is none.
  std::string get(const std::string& key) const;
  /// "profile work (~/.aws/config, ~/.aws/credentials)", for messages.
  std::string about(const std::string& profile) const;
};

/// A value of a section; empty where there is none.
std::string value_of(const ProfileSection& section, const std::string& key);

/// A path in which "~", "$NAME" and "${NAME}" at its begin or within are replaced, as Python's expanduser and
/// expandvars do.
std::filesystem::path expanded_path(const std::string& path);

}  // namespace sentiment::cloud
