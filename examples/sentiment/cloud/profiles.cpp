// SPDX-License-Identifier: MIT
#include "sentiment/cloud/profiles.hpp"

#include <pwd.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/environment.hpp"

namespace sentiment::cloud {
namespace {

namespace fs = std::filesystem;

/// Replaces "$NAME" and "${NAME}" if the variables are set.
std::string with_variables(const std::string& path) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  for (std::size_t i = 0; i < path.size();) {
    std::size_t begin = i + 1, end = begin, next = begin;
    if (path[i] == '$' && path.compare(begin, 1, "{") == 0) {
      end = path.find('}', ++begin);
      next = end + 1;
    } else if (path[i] == '$') {
      while (end < path.size() && is_word(path[end])) ++end;
      next = end;
    }
    const auto value = end != std::string::npos && end > begin ? set_variable(path.substr(begin, end - begin))
                                                               : std::nullopt;
    if (value) {
      out += *value;
      i = next;
    } else {
      out += path[i++];
    }
  }
  return out;
}

std::string home_of(const std::string& user) {
  if (user.empty())
    if (const auto home = set_variable("HOME")) return *home;
  const passwd* entry = user.empty() ? ::getpwuid(::getuid()) : ::getpwnam(user.c_str());
  return entry ? entry->pw_dir : "~" + user;
}

/// An empty variable means no file.
fs::path file_of(const char* name, const char* usual) {
  const std::string path = set_variable(name).value_or(usual);
  return path.empty() ? fs::path() : expanded_path(path);
}

}  // namespace

fs::path expanded_path(const std::string& path) {
  const std::string text = with_variables(path);
  if (!text.starts_with('~')) return text;
  const auto end = (std::min)(text.find('/'), text.size());
  std::string home = home_of(text.substr(1, end - 1));
  while (home.ends_with('/')) home.pop_back();
  const std::string whole = home + text.substr(end);
  return whole.empty() ? "/" : whole;
}

std::string value_of(const ProfileSection& section, const std::string& key) {
  const auto at = section.find(key);
  return at == section.end() ? "" : at->second;
}

Profiles Profiles::read(const std::string& profile) {
  Profiles made;
  made.config_file = file_of("AWS_CONFIG_FILE", "~/.aws/config");
  made.credentials_file = file_of("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  for (auto& [title, section] : read_profiles(made.config_file)) {
    // If two titles have the same name, the later section replaces the earlier one.
    if (title == "default") made.config[title] = section;
    else if (title.starts_with("profile")) {
      if (const auto name = titled(title, "profile")) made.config[*name] = section;
    } else if (const auto session = titled(title, "sso-session")) made.sso_sessions[*session] = section;
    else if (const auto services = titled(title, "services")) made.services[*services] = section;
  }
  for (auto& [title, section] : read_profiles(made.credentials_file)) made.credentials[title] = section;
  made.both = made.config;
  for (const auto& [name, section] : made.credentials)
    for (const auto& [key, value] : section) made.both[name][key] = value;
  for (const auto& [name, section] : made.credentials) made.both.try_emplace(name);

  if (!profile.empty()) {
    made.name = profile;
    made.named_by = "--profile";
  } else {
    for (const char* name : {"AWS_DEFAULT_PROFILE", "AWS_PROFILE"})
      if (const auto value = set_variable(name)) {
        made.name = *value;
        made.named_by = name;
        break;
      }
  }
  if (made.name.empty()) {
    // Like boto3, refuse an empty name: another profile's keys must not be used by mistake. Without any
    // profile it does no harm.
    if (!made.named_by.empty() && made.both.contains("default"))
      lstmlib::fail<lstmlib::Error>("credentials: ", made.named_by,
                                    " is empty; unset it, or set it to default");
    made.named_by.clear();
    made.name = "default";
  }
  if (const auto at = made.both.find(made.name); at != made.both.end()) made.chosen = at->second;
  else if (!made.named_by.empty())
    lstmlib::fail<lstmlib::Error>("credentials: there is no ", made.about(made.name), ", which ",
                                  made.named_by, " names");
  return made;
}

std::string Profiles::get(const std::string& key) const { return value_of(chosen, key); }

std::string Profiles::about(const std::string& profile) const {
  return "profile " + profile + " in " + config_file.string() + " or " + credentials_file.string();
}

}  // namespace sentiment::cloud
