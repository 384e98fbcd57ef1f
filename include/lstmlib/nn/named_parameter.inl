// SPDX-License-Identifier: MIT
#pragma once
// Parameters by path. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/nn/named_parameter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::nn::detail {

/// How many letters differ: the least number of insertions, deletions and replacements.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j)
      diagonal = std::exchange(
          row[j], (std::min)({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)}));
  }
  return row.back();
}

LSTMLIB_INLINE std::string path_of(std::span<const std::string> names) {
  if (names.empty()) return {};
  if (names.size() == 1) return names.front();
  const std::string& last = names.back();
  const auto slash = last.rfind('/');
  return names.front() + ".." + last.substr(slash == last.npos ? 0 : slash + 1);
}

LSTMLIB_INLINE bool is_below(std::string_view path, std::string_view place) {
  if (place.ends_with('/')) place.remove_suffix(1);
  return place.empty() || path == place || (path.starts_with(place) && path[place.size()] == '/');
}

LSTMLIB_INLINE void fail_no_path(std::string_view op, std::string_view path,
                                 std::span<const NamedParameter> known, bool or_below) {
  if (known.empty()) fail<IndexError>(op, ": no parameter at \"", path, "\"; the module has none");
  std::vector<std::pair<std::size_t, std::string>> nearest;
  const auto add = [&](std::string_view candidate) {
    nearest.emplace_back(edit_distance(path, candidate), candidate);
  };
  for (const auto& one : known) {
    if (one.names.size() > 1 && std::find(one.names.begin(), one.names.end(), path) != one.names.end())
      fail<IndexError>(op, ": \"", path, "\" is only a part of a parameter; the whole is \"", one.path, '"');
    add(one.path);
    for (auto slash = one.path.find('/'); or_below && slash != one.path.npos;
         slash = one.path.find('/', slash + 1))
      add(std::string_view(one.path).substr(0, slash));
  }
  std::sort(nearest.begin(), nearest.end());
  nearest.erase(std::unique(nearest.begin(), nearest.end()), nearest.end());
  std::string texts;
  for (std::size_t i = 0; i < (std::min<std::size_t>)(3, nearest.size()); ++i)
    texts += (i > 0 ? ", \"" : "\"") + nearest[i].second + '"';
  fail<IndexError>(op, ": no parameter at \"", path, "\"; the nearest are ", texts);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::nn::detail
