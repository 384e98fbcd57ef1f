// SPDX-License-Identifier: MIT
#pragma once
// The commands of the program. Each function adds one with its options. Commands run during parsing.

#include <CLI/CLI.hpp>

namespace sentiment {

void add_run(CLI::App& app);
void add_prepare(CLI::App& app);
void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_serve(CLI::App& app);
void add_invoke(CLI::App& app);
void add_local(CLI::App& app);
void add_inspect(CLI::App& app);
void add_datasets(CLI::App& app);
void add_upload(CLI::App& app);
void add_download(CLI::App& app);
void add_cloud(CLI::App& app);

/// Thrown by a command that ends with its own exit status, after it has reported why.
struct ExitStatus {
  int status;
};

}  // namespace sentiment
