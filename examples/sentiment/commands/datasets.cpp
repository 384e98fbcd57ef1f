// SPDX-License-Identifier: MIT
#include "sentiment/data/datasets.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <string>

namespace sentiment {
namespace {

bool is_here(const Dataset& dataset, const DatasetPlaces& places) {
  const auto files = dataset.files();
  return std::all_of(files.begin(), files.end(),
                     [&](const DatasetFile& file) { return local_file(file, places).has_value(); });
}

std::string state(const Dataset& dataset, const DatasetPlaces& places) {
  if (dataset.format == DatasetFormat::built_in) return "built in";
  return is_here(dataset, places) ? "here" : "-";
}

void print_table(const DatasetPlaces& places) {
  std::cout << std::left << std::setw(13) << "name" << std::right << std::setw(7) << "classes" << std::setw(9)
            << "train" << std::setw(7) << "dev" << std::setw(8) << "test"
            << "  " << std::left << std::setw(10) << "files"
            << "about\n";
  for (const Dataset& dataset : known_datasets()) {
    std::cout << std::left << std::setw(13) << dataset.name << std::right << std::setw(7) << dataset.classes
              << std::setw(9) << dataset.train_size << std::setw(7) << dataset.dev_size << std::setw(8)
              << dataset.test_size << "  " << std::left << std::setw(10) << state(dataset, places)
              << dataset.about << (dataset.divided() ? "; divided 90 to 10" : "")
              << (dataset.verified() ? "" : "; not verified") << '\n';
  }
  std::cout << "\nfiles: here if they are in the cache " << places.cache.string();
  if (!places.folder.empty()) std::cout << " or in " << places.folder.string();
  std::cout << ".\nnot verified: the sizes are those of the literature, and a download is not checked "
               "against a hash.\n";
}

void print_json(const DatasetPlaces& places) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Dataset& dataset : known_datasets()) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const DatasetFile& file : dataset.files()) {
      nlohmann::ordered_json entry{{"name", file.name}};
      entry["bytes"] = file.bytes > 0 ? nlohmann::ordered_json(file.bytes) : nlohmann::ordered_json();
      entry["sha256"] = file.sha256.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(file.sha256);
      entry["here"] = local_file(file, places).has_value();
      files.push_back(std::move(entry));
    }
    list.push_back({{"name", dataset.name},
                    {"about", dataset.about},
                    {"classes", dataset.classes},
                    {"train", dataset.train_size},
                    {"dev", dataset.dev_size},
                    {"test", dataset.test_size},
                    {"divided", dataset.divided()},
                    {"built_in", dataset.format == DatasetFormat::built_in},
                    {"verified", dataset.verified()},
                    {"here", is_here(dataset, places)},
                    {"files", std::move(files)}});
  }
  std::cout << nlohmann::ordered_json{{"cache", places.cache.string()}, {"datasets", std::move(list)}}.dump(2)
            << '\n';
}

}  // namespace

void add_datasets(CLI::App& app) {
  auto* command = app.add_subcommand("datasets", "List the known data sets");
  struct Options {
    std::filesystem::path data;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  command->add_option("--data", options->data, "A folder to search besides the cache")->check(local_path());
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options] {
    DatasetPlaces places = DatasetPlaces::from_environment();
    places.folder = options->data;
    if (options->json) print_json(places);
    else print_table(places);
  });
}

}  // namespace sentiment
