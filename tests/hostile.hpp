// SPDX-License-Identifier: MIT
#pragma once
// Files that lie, and what a reader has to do with each: the project's own, and the reference kit's where it
// is.

#include <nlohmann/json.hpp>

#include "support.hpp"

#include <fstream>
#include <vector>

namespace lstmlib::test {

struct HostileFile {
  std::filesystem::path path;
  std::string name, area;  ///< area: pickle, npy, zip, vocabulary, train, model, json
  bool must_refuse;        ///< else it may also be read, without harm
};

struct HostileFiles {
  std::vector<HostileFile> files;
  std::vector<std::string> markers;  ///< names of files that appear somewhere if a pickle was run
  bool with_kit = false;             ///< else the project's own alone

  bool one_ran() const {
    for (const auto& marker : markers)
      for (const auto& place : {std::filesystem::current_path(), std::filesystem::temp_directory_path(),
                                std::filesystem::path(LSTMLIB_TEST_SCRATCH_DIR)})
        if (std::filesystem::exists(place / marker)) return true;
    return false;
  }
};

inline HostileFiles hostile_files() {
  std::vector<std::filesystem::path> folders{fixtures() / "malicious"};
  if (kit_has("compat/malicious")) folders.push_back(kit() / "compat/malicious");
  HostileFiles all;
  all.with_kit = folders.size() == 2;
  for (const auto& folder : folders) {
    std::ifstream file(folder / "manifest.json");
    const auto manifest = nlohmann::json::parse(file);
    REQUIRE(manifest.at("files").size() == (all.markers.empty() ? 45 : 243));  // the project's own, the kit's
    all.markers.push_back(manifest.at("marker").get<std::string>());
    for (const auto& [name, about] : manifest.at("files").items())
      all.files.push_back(
          {folder / name, name, about.at("area").get<std::string>(), about.at("expect") == "refuse"});
  }
  return all;
}

}  // namespace lstmlib::test
