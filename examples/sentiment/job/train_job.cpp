// SPDX-License-Identifier: MIT
#include "sentiment/job/train_job.hpp"

#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/job/config.hpp"
#include "sentiment/job/container.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <set>

namespace sentiment::job {

using lstmlib::Error;
using lstmlib::fail;
using lstmlib::FormatError;
using lstmlib::io::printable;

namespace {

constexpr std::uint64_t largest_config = 1 << 20;  // bytes; the service's own limits are far below

/// The content of a file of the configuration; nothing where there is no such file, as for parts that a job
/// does not have.
std::optional<std::string> read_config(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  return read_text(file, largest_config);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void ignore(const std::string& setting) {
  std::cerr << "sentiment: ignoring the unknown setting " << printable(setting) << '\n';
}

/// A setting's name as the command line spells it.
std::string option_name(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

/// Names the unknown options of the command line, each with the words behind it; returns the names.
std::set<std::string> warn_of_unknown_options(const CLI::App& train) {
  const auto is_name = [](const std::string& word) {
    return word.size() > 1 && word[0] == '-' && (std::isdigit(static_cast<unsigned char>(word[1])) == 0);
  };
  std::set<std::string> names;
  std::string setting;
  const auto words = train.remaining();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_name(words[i])) names.insert(words[i].substr(0, words[i].find('=')));
    setting += (setting.empty() ? "" : " ") + words[i];
    if (i + 1 < words.size() && !is_name(words[i + 1])) continue;
    ignore(setting);
    setting.clear();
  }
  return names;
}

void take_hyperparameters(CLI::App& train, const fs::path& file, const std::set<std::string>& warned) {
  const auto json = read_config(file);
  if (!json) return;
  std::set<std::string> taken;
  for (const auto& [name, value] : parse_hyperparameters(*json, file.string())) {
    const std::string known = option_name(name);
    CLI::Option* option = name == "help" ? nullptr : train.get_option_no_throw(known);
    if (option == nullptr) {
      if (warned.count(known) == 0) ignore(name);
      continue;
    }
    if (!taken.insert(known).second)
      fail<FormatError>(file.string(), ": ", name, ": is there in two spellings");
    if (option->count() > 0) continue;
    try {
      option->add_result(value)->run_callback();
    } catch (const CLI::ParseError& error) {
      fail<FormatError>(file.string(), ": ", name, ": ", error.what());
    }
  }
}

/// The folder of a channel with the file that it is for.
fs::path channel_folder(const Container& container, const std::vector<Channel>& channels,
                        const std::string& channel, const std::string& content) {
  const fs::path folder = container.data(channel);
  std::error_code error;
  if (fs::exists(folder / content, error)) return folder;
  std::string given;
  for (const auto& each : channels) given += (given.empty() ? "" : ", ") + printable(each.name);
  if (!fs::is_directory(folder, error))
    fail<Error>("channel ", channel, " is missing: the job needs train, test and vocab, and has ",
                given.empty() ? "no channel" : given, " (no folder ", folder.string(), ")");
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (found.size() < 200)
      found += (found.empty() ? "" : ", ") + printable(entry.path().filename().string());
  fail<Error>("channel ", channel, ": no ", content, " in ", folder.string(), ", which holds ",
              found.empty() ? "nothing" : found);
}

void take_folders(const CLI::App& train, const Container& container, TrainOptions& o) {
  std::vector<Channel> channels;
  if (const auto json = read_config(container.channels()))
    channels = parse_channels(*json, container.channels().string());
  for (const auto& channel : channels)
    if (channel.pipe)
      fail<Error>("channel ", printable(channel.name),
                  ": its TrainingInputMode is Pipe, and only File and FastFile are read");
  const auto given = [&](const char* option) { return train.count(option) > 0; };
  if (!given("--train")) o.train = channel_folder(container, channels, "train", "train.npz");
  if (!given("--test")) o.test = channel_folder(container, channels, "test", "test.npz");
  if (!given("--vocab")) o.vocab = channel_folder(container, channels, "vocab", "vocab.npy");
  std::error_code error;
  if (!given("--dev") && fs::exists(container.data("dev"), error))
    o.dev = channel_folder(container, channels, "dev", "dev.npz");
  if (!given("--model-dir")) o.model_dir = container.model();
  if (!given("--output-data-dir")) o.output_data_dir = container.output();
}

/// One machine trains. To let the others run idle to the end would cost as much as if they had worked.
void check_one_process(const Container& container) {
  std::vector<std::string> hosts;
  if (const std::string list = variable("SM_HOSTS"); !list.empty()) hosts = parse_host_list(list, "SM_HOSTS");
  else if (const auto json = read_config(container.resources()))
    hosts = parse_hosts(*json, container.resources().string());
  if (hosts.size() > 1)
    fail<Error>("the job has ", hosts.size(),
                " hosts, and training on more than one is not there yet: use one instance");
  if (const std::string processes = variable("OMPI_COMM_WORLD_SIZE"); !processes.empty() && processes != "1")
    fail<Error>("MPI started ", printable(processes),
                " processes, and training in more than one is not there yet");
}

void take_gpus(const CLI::App& train, TrainOptions& o) {
  const std::string text = variable("SM_NUM_GPUS");
  if (text.empty()) return;
  int gpus = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), gpus);
  if (error != std::errc() || end != text.data() + text.size() || gpus < 0)
    fail<Error>("SM_NUM_GPUS is \"", printable(text), "\", expected a number from 0");
  if (gpus > 1)
    std::cerr << "sentiment: " << gpus
              << " GPUs, of which one is used: training on several is not there yet\n";
  if (gpus == 0 && train.count("--device") == 0) o.device = "cpu";
}

}  // namespace

void complete_options(CLI::App& train, TrainOptions& o) {
  const Container container = container_from_environment();
  std::error_code error;
  fs::remove(container.failure(), error);  // of an earlier run in this folder
  const auto warned = warn_of_unknown_options(train);
  take_hyperparameters(train, container.hyperparameters(), warned);
  check_one_process(container);
  take_gpus(train, o);
  take_folders(train, container, o);
  o.in_job = true;
  if (fs::is_directory(container.checkpoints(), error))
    o.checkpoint = container.checkpoints() / "checkpoint.npz";
  if (const std::string name = variable("TRAINING_JOB_NAME"); !name.empty() && !o.quiet)
    std::cerr << "Training job " << printable(name) << '\n';
}

}  // namespace sentiment::job
