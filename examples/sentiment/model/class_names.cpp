// SPDX-License-Identifier: MIT
#include "sentiment/model/class_names.hpp"

#include "sentiment/data/file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sentiment {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::vector<std::string> read_class_names(const fs::path& folder) {
  constexpr std::uint64_t largest = 1 << 20;  // bytes
  const fs::path file = folder / class_names_file;
  if (!fs::exists(file)) return {};
  const Json names = Json::parse(read_text(file, largest), nullptr, false);
  if (!names.is_array() ||
      !std::all_of(names.begin(), names.end(), [](const Json& j) { return j.is_string(); }))
    lstmlib::fail<lstmlib::FormatError>(file.string(),
                                        ": expected a list of strings, the names of the classes");
  return names.get<std::vector<std::string>>();
}

void write_class_names(const fs::path& folder, std::string_view names) {
  if (names.empty()) return;
  Json list = Json::array();
  while (!names.empty()) {
    const auto end = std::min(names.find(','), names.size());
    list.push_back(std::string(names.substr(0, end)));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  write_text(folder / class_names_file, list.dump() + "\n");
}

}  // namespace sentiment
