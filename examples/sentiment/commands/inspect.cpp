// SPDX-License-Identifier: MIT
#include "sentiment/data/inspect.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>

namespace sentiment {

void add_inspect(CLI::App& app) {
  auto* command = app.add_subcommand(
      "inspect", "Show what is in an .npy or .npz file: a model, a snapshot, prepared data");
  command->footer(
      "Without --values only the headers are read, however large the file is. Arrays that cannot be read are "
      "listed too, with the reason.\n\nExample:\n  sentiment inspect result/model/my_model.npz");
  struct Options {
    std::filesystem::path file;
    bool values = false, json = false;
  };
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "The file; no code in it is executed")
      ->required()
      ->check(local_path());
  command->add_flag("--values", options->values, "Show the elements too, in C order");
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options] {
    std::ostringstream text;  // print nothing if the file turns out to be damaged
    (options->json ? inspect_json : inspect)(options->file, options->values, text);
    std::cout << text.str();
  });
}

}  // namespace sentiment
