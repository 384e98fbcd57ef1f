// SPDX-License-Identifier: MIT
#include "sentiment/cloud/profile_file.hpp"

#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <algorithm>
#include <set>

namespace sentiment::cloud {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

/// Removes and returns the next line without its end: LF, CR or both.
std::string_view next_line(std::string_view& text) {
  const auto end = (std::min)(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  else if (!text.empty()) text.remove_prefix(1);
  return line;
}

/// Parses like Python's configparser, line by line.
class Parser {
 public:
  ProfileFile parse(std::string_view text) {
    if (!lstmlib::io::is_utf8(std::string(text))) fail<FormatError>("is not UTF-8");
    while (!text.empty()) take(next_line(text));
    for (auto& [title, section] : file_) {
      for (const auto& [name, value] : defaults_) section.try_emplace(name, value);
      for (auto& [name, value] : section) value = finished(value);
    }
    return std::move(file_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail<FormatError>("line ", line_, ": ", parts...);
  }

  void take(std::string_view line) {
    ++line_;
    const std::string_view content = strip(line);
    if (content.starts_with('#') || content.starts_with(';')) return;
    if (content.empty()) {
      if (value_) *value_ += '\n';
      return;
    }
    const auto indent = static_cast<std::size_t>(content.data() - line.data());
    if (value_ && indent > indent_) {
      *value_ += '\n';
      *value_ += content;
      return;
    }
    indent_ = indent;
    const auto close = content.rfind(']');
    if (content.front() == '[' && close != std::string_view::npos && close > 1)
      begin_section(std::string(content.substr(1, close - 1)));
    else add_value(content);
  }

  void begin_section(const std::string& title) {
    value_ = nullptr;
    title_ = title;
    if (title == "DEFAULT") {
      section_ = &defaults_;
      return;
    }
    const auto same = [&](const auto& each) { return each.first == title; };
    if (std::any_of(file_.begin(), file_.end(), same)) refuse("the section [", title, "] appears twice");
    file_.emplace_back(title, ProfileSection());
    section_ = &file_.back().second;
  }

  void add_value(std::string_view content) {
    if (!section_ && content.starts_with("\xEF\xBB\xBF"))
      refuse("begins with a byte order mark, which boto3 refuses too; save the file without it");
    if (!section_) refuse("expected a section first, such as [default]");
    const auto mark = content.find_first_of("=:");
    const std::string name = lower(strip(content.substr(0, mark)));
    // The line may contain a key, so it is not shown.
    if (mark == std::string_view::npos || name.empty()) refuse("neither a [section] nor NAME = VALUE");
    if (!names_.emplace(title_, name).second) refuse("'", name, "' appears twice in its section");
    value_ = &(*section_)[name];
    *value_ = strip(content.substr(mark + 1));
  }

  /// A value without trailing empty lines. A value that starts on a new line may only contain NAME = VALUE
  /// lines.
  static std::string finished(const std::string& value) {
    std::string kept = value;
    kept.resize(strip("." + kept).size() - 1);
    if (!kept.starts_with('\n')) return kept;
    std::string_view rest = kept;
    while (!rest.empty())
      if (const auto line = strip(next_line(rest)); !line.empty() && line.find('=') == std::string_view::npos)
        fail<FormatError>("an indented line is not NAME = VALUE");
    return kept;
  }

  ProfileFile file_;
  ProfileSection defaults_;
  ProfileSection* section_ = nullptr;
  std::string* value_ = nullptr;  ///< value that an indented line continues
  std::string title_;
  std::set<std::pair<std::string, std::string>> names_;  ///< names so far, with their sections
  std::size_t line_ = 0, indent_ = 0;
};

/// The words of a text like Python's shlex.split. Nothing if a quote or a backslash is not closed.
std::optional<std::vector<std::string>> shell_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (quote == 0 && space) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'') {
      if (++i == text.size()) return std::nullopt;
      if (quote == '"' && text[i] != '"' && text[i] != '\\') words.back() += c;
      words.back() += text[i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return std::nullopt;
  return words;
}

}  // namespace

ProfileFile parse_profiles(std::string_view text) { return Parser().parse(text); }

ProfileFile read_profiles(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  const std::string text = read_text(path, 1 << 20);
  try {
    return parse_profiles(text);
  } catch (const FormatError& wrong) { fail<FormatError>(path.string(), ": ", wrong.what()); }
}

ProfileSection nested_values(const std::string& value) {
  ProfileSection values;
  if (!value.starts_with('\n')) return values;
  for (std::string_view rest = value; !rest.empty();) {
    const std::string_view line = next_line(rest);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values[std::string(strip(line.substr(0, equals)))] = strip(line.substr(equals + 1));
  }
  return values;
}

std::optional<std::string> titled(std::string_view title, std::string_view kind) {
  if (!title.starts_with(kind)) return std::nullopt;
  const auto words = shell_words(title);
  if (!words || words->size() != 2) return std::nullopt;
  return (*words)[1];
}

}  // namespace sentiment::cloud
