// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/prepare_options.hpp"
#include "sentiment/commands/text_options.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace sentiment {
namespace {

void print(const PrepareOptions& options, const PrepareResult& result) {
  const auto line = [](const char* what, const auto&... values) {
    std::cout << what;
    (std::cout << ... << values) << '\n';
  };
  line("data set    ",
       options.dataset.empty() ? options.train.string() + ", " + options.test.string() : options.dataset);
  line("seed        ", options.seed);
  line("classes     ", result.classes);
  line("vocabulary  ", result.words, options.char_based ? " characters  " : " words  ",
       (options.out / "vocab" / "vocab.npy").string());
  line("train       ", result.train_size, " sentences  ", (options.out / "train" / "train.npz").string());
  if (result.dev_size > 0)
    line("dev         ", result.dev_size, " sentences  ", (options.out / "dev" / "dev.npz").string());
  line("test        ", result.test_size, " sentences  ", (options.out / "test" / "test.npz").string());
}

}  // namespace

void add_prepare_options(CLI::App& command, PrepareOptions& options) {
  std::vector<std::string> names;
  for (const Dataset& dataset : known_datasets()) names.emplace_back(dataset.name);
  command.add_option("--dataset", options.dataset, "A known data set; `sentiment datasets` lists them")
      ->check(CLI::IsMember(names));
  command
      .add_option("--data", options.data, "Folder to search for its files before the cache and the network")
      ->check(local_path());
  command.add_option("--max-vocab", options.limits.max_size, "Maximum size of the vocabulary")
      ->check(whole_number(2, 100'000'000))
      ->capture_default_str();
  command
      .add_option("--min-frequency", options.limits.min_frequency,
                  "Minimum number of occurrences of a word; rarer words are unknown")
      ->check(whole_number(1, 1'000'000'000))
      ->capture_default_str();
  add_text_options(command, options.text);
  command.add_flag("--char-based", options.char_based, "Sentences are sequences of characters, not of words");
}

void add_prepare(CLI::App& app) {
  auto* command = app.add_subcommand("prepare", "Make training data from raw text");
  const auto options = std::make_shared<PrepareOptions>();
  add_prepare_options(*command, *options);
  auto* dataset = command->get_option("--dataset");
  auto* train = command
                    ->add_option("--train", options->train,
                                 "File of labelled sentences; each line has a label, a space and a sentence")
                    ->check(local_path());
  auto* test =
      command->add_option("--test", options->test, "Such a file of test sentences")->check(local_path());
  train->needs(test)->excludes(dataset);
  test->needs(train)->excludes(dataset);
  command
      ->add_option("--dev", options->dev,
                   "Such a file to choose the best model with; a data set may have its own")
      ->check(local_path());
  command->add_option("--out", options->out, "Folder for train/, test/, dev/ and vocab/")
      ->check(local_path())
      ->capture_default_str();
  command
      ->add_option("--seed", options->seed,
                   "Seed that divides a data set of one file into training and test sentences")
      ->check(whole_number(0))
      ->capture_default_str();
  command->add_flag("--quiet", options->quiet, "No progress");
  command->footer(
      "Examples:\n  sentiment prepare --dataset stsa.binary --out data\n"
      "  sentiment prepare --train my.train --test my.test --out data");
  command->callback([dataset, train, options] {
    if (dataset->count() == 0 && train->count() == 0)
      throw CLI::RequiredError("--dataset, or --train and --test");
    print(*options, prepare(*options));
  });
}

}  // namespace sentiment
