// SPDX-License-Identifier: MIT
#include "sentiment/training/job/train_job.hpp"

#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/address.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/training/job/config.hpp"
#include "sentiment/training/job/container.hpp"
#include "sentiment/training/job/settings.hpp"

#include "sentiment/training/launch/rank.hpp"

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
using lstmlib::message;
using lstmlib::io::printable;

namespace {

constexpr std::uint64_t largest_config = 1 << 20;  // bytes; the service's own limits are much lower

/// The content of a configuration file, or nothing if it does not exist because the job does not use it.
std::optional<std::string> read_config(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  return read_text(file, largest_config);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Rank 0 of the processes of this run: the one that reports.
bool is_main_process() {
  const auto rank = launch::rank_from_environment();
  return !rank || rank->rank == 0;
}

void ignore(const std::string& setting) {
  if (is_main_process())
    std::cerr << "sentiment: ignoring the unknown setting " << printable(setting) << '\n';
}

/// Reports the unknown options of the command line, each with its values. Returns their names.
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
  std::set<const CLI::Option*> taken;
  for (const auto& [name, value] : parse_hyperparameters(*json, file.string())) {
    CLI::Option* option = known_option(train, name);
    if (option == nullptr) {
      std::string known = name;
      std::replace(known.begin(), known.end(), '_', '-');
      if (warned.count("--" + known) == 0) ignore(name);
      continue;
    }
    if (!taken.insert(option).second)
      fail<FormatError>(file.string(), ": ", name, ": is given in two spellings");
    if (option->count() > 0) continue;
    if (const std::string wrong = fault_of_setting(*option, value); !wrong.empty())
      fail<FormatError>(file.string(), ": ", name, ": ", wrong);
  }
}

/// The folder of a channel that contains the file `content`.
fs::path channel_folder(const Container& container, const std::vector<Channel>& channels,
                        const std::string& channel, const std::string& content) {
  const fs::path folder = container.data(channel);
  std::error_code error;
  if (fs::exists(folder / content, error)) return folder;
  std::string given;
  for (const auto& each : channels) given += (given.empty() ? "" : ", ") + printable(each.name);
  if (!fs::is_directory(folder, error))
    fail<Error>("channel ", channel, " is missing: the job needs train, test and vocab, but has ",
                given.empty() ? "no channel" : given, " (no folder ", folder.string(),
                fs::exists(container.channels(), error)
                    ? ")"
                    : message(", and no ", container.channels().string(), ", as of a job without channels)"));
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (found.size() < 200)
      found += (found.empty() ? "" : ", ") + printable(entry.path().filename().string());
  fail<Error>("channel ", channel, ": no ", content, " in ", folder.string(), ", which holds ",
              found.empty() ? "nothing" : found);
}

/// The folder given by an option. If the option is missing or an address such as s3://BUCKET/PREFIX, the
/// container's folder, from which the service uploads the results. `variable_name` is the variable of the
/// Python toolkit.
fs::path folder_for_results(const CLI::App& train, const char* option, const char* variable_name,
                            const fs::path& given, const fs::path& of_container) {
  if (train.count(option) == 0) return of_container;
  if (!is_address(given.string())) return given;
  const std::string of_toolkit = variable(variable_name);
  const fs::path folder = of_toolkit.empty() || is_address(of_toolkit) ? of_container : fs::path(of_toolkit);
  if (is_main_process())
    std::cerr << "sentiment: " << option << " is " << printable(given.string())
              << ", which is not a folder of the container; " << folder.string()
              << " is used instead; the service uploads its content to S3 at the end\n";
  return folder;
}

void take_folders(const CLI::App& train, const Container& container, TrainOptions& o) {
  std::vector<Channel> channels;
  if (const auto json = read_config(container.channels()))
    channels = parse_channels(*json, container.channels().string());
  for (const auto& channel : channels)
    if (channel.pipe)
      fail<Error>("channel ", printable(channel.name),
                  ": its TrainingInputMode is Pipe, expected File or FastFile");
  const auto given = [&](const char* option) { return train.count(option) > 0; };
  if (!given("--train")) o.train = channel_folder(container, channels, "train", "train.npz");
  if (!given("--test")) o.test = channel_folder(container, channels, "test", "test.npz");
  if (!given("--vocab")) o.vocab = channel_folder(container, channels, "vocab", "vocab.npy");
  std::error_code error;
  if (!given("--dev") && fs::exists(container.data("dev"), error))
    o.dev = channel_folder(container, channels, "dev", "dev.npz");
  o.model_dir = folder_for_results(train, "--model-dir", "SM_MODEL_DIR", o.model_dir, container.model());
  o.output_data_dir = folder_for_results(train, "--output-data-dir", "SM_OUTPUT_DATA_DIR", o.output_data_dir,
                                         container.output());
}

launch::JobHosts job_hosts(const Container& container) {
  launch::JobHosts hosts;
  if (const auto json = read_config(container.resources())) {
    auto given = parse_resources(*json, container.resources().string());
    hosts = {std::move(given.hosts), std::move(given.current_host), std::move(given.network_interface)};
  }
  if (const std::string list = variable("SM_HOSTS"); !list.empty())
    hosts.names = parse_host_list(list, "SM_HOSTS");
  if (const std::string host = variable("SM_CURRENT_HOST"); !host.empty()) hosts.current = host;
  if (const std::string name = variable("SM_NETWORK_INTERFACE_NAME"); !name.empty())
    hosts.network_interface = name;
  return hosts;
}

/// Parses a number of at least `from`. `name` is for messages.
int count(const std::string& text, const std::string& name, int from) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < from)
    fail<Error>(name, " is \"", printable(text), "\", expected a number from ", from);
  return value;
}

/// The service's settings for MPI, with the names of both of its toolkits.
void take_processes(const fs::path& file, int& processes) {
  const auto json = read_config(file);
  if (!json) return;
  for (const char* name : {"sagemaker_mpi_num_of_processes_per_host", "sagemaker_process_slots_per_host"})
    if (const auto text = service_setting(*json, file.string(), name); text && processes == 0)
      processes = count(*text, file.string() + ": " + name, 1);
}

void take_gpus(const CLI::App& train, TrainOptions& o, launch::ProcessOptions& processes) {
  const std::string text = variable("SM_NUM_GPUS");
  if (text.empty()) return;
  processes.gpus = count(text, "SM_NUM_GPUS", 0);
  if (processes.gpus == 0 && train.count("--device") == 0) o.device = "cpu";
}

}  // namespace

void complete_options(CLI::App& train, TrainOptions& o, launch::ProcessOptions& processes) {
  const Container container = container_from_environment();
  std::error_code error;
  const bool started_by_mpi = launch::rank_from_environment().has_value();
  if (!started_by_mpi) fs::remove(container.failure(), error);  // of an earlier run in this folder
  const auto warned = warn_of_unknown_options(train);
  take_hyperparameters(train, container.hyperparameters(), warned);
  if (!started_by_mpi) {
    take_processes(container.hyperparameters(), processes.processes);
    processes.hosts = job_hosts(container);
  }
  take_gpus(train, o, processes);
  take_folders(train, container, o);
  o.in_job = true;
  if (fs::is_directory(container.checkpoints(), error))
    o.checkpoint = container.checkpoints() / "checkpoint.npz";
  if (const std::string name = variable("TRAINING_JOB_NAME"); !name.empty() && !o.quiet && is_main_process())
    std::cerr << "Training job " << printable(name) << '\n';
}

}  // namespace sentiment::job
