// SPDX-License-Identifier: MIT
#include "sentiment/commands/command_line.hpp"

#include <algorithm>
#include <numeric>

namespace sentiment {

namespace {

/// Number of insertions, deletions and replacements of letters between two words [Levenshtein 1966].
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

std::vector<std::string> without_toolkit_words(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool named =
        word.size() > 1 && word[0] == '-' && word.find('=') == std::string::npos && i + 1 < arguments.size();
    if (named && arguments[i + 1].empty()) {
      ++i;
    } else if (named && (arguments[i + 1] == "True" || arguments[i + 1] == "False")) {
      result.push_back(word + "=" + arguments[++i]);
    } else {
      result.push_back(word);
    }
  }
  return result;
}

}  // namespace

std::vector<std::string> normalized_arguments(int argc, const char* const* argv, bool in_job) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (in_job) arguments = without_toolkit_words(arguments);
  bool options = true;  // until "--"
  for (auto& argument : arguments) {
    options = options && argument != "--";
    if (!options || argument.rfind("--", 0) != 0) continue;
    const auto name_end =
        argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    std::replace(argument.begin(), name_end, '_', '-');
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

std::string nearest_option(const CLI::App& command, const std::string& name) {
  std::string nearest;
  std::size_t least = 1 + name.size() / 3;  // with more changes it is a different word
  for (const CLI::Option* option : command.get_options())
    for (const auto& candidate : option->get_lnames()) {
      const std::size_t distance = edit_distance(name, candidate);
      if (distance >= least) continue;
      least = distance;
      nearest = "--" + candidate;
    }
  return nearest;
}

}  // namespace sentiment
