// SPDX-License-Identifier: MIT
#include "sentiment/cloud/profile_file.hpp"

#include "sentiment/data/file.hpp"

#include <algorithm>

namespace sentiment::cloud {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\f\v";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// The name of a section, its words one space apart: `profile "my work"` has two, the second in quotes.
std::string section_name(std::string_view text) {
  std::string name;
  bool space = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t') space = !name.empty();
    else if (c != '"' && c != '\'') {
      if (std::exchange(space, false)) name += ' ';
      name += c;
    }
  }
  return name;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

}  // namespace

ProfileFile parse_profiles(std::string_view text) {
  ProfileFile file;
  ProfileSection* section = nullptr;
  std::string outer;  // the last name without a value, whose own values are indented
  while (!text.empty()) {
    const auto end = (std::min)(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end), content = trimmed(line);
    text.remove_prefix((std::min)(end + 1, text.size()));
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (content.front() == '[') {
      const auto close = content.find(']');
      section = close == std::string_view::npos ? nullptr : &file[section_name(content.substr(1, close - 1))];
      outer.clear();
      continue;
    }
    const auto equals = content.find('=');
    if (!section || equals == std::string_view::npos) continue;
    const std::string name = lower(trimmed(content.substr(0, equals)));
    const std::string value(trimmed(content.substr(equals + 1)));
    if (indented && !outer.empty()) {
      (*section)[outer + "." + name] = value;
    } else {
      outer = value.empty() ? name : "";
      (*section)[name] = value;
    }
  }
  return file;
}

ProfileFile read_profiles(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  return parse_profiles(read_text(path, 1 << 20));
}

}  // namespace sentiment::cloud
