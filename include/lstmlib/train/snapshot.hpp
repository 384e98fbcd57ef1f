// SPDX-License-Identifier: MIT
#pragma once
// Files of a run: snapshots of the whole run to resume from, and the best model so far.

#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/base/option.hpp"
#include "lstmlib/train/trainer.hpp"

#include <algorithm>
#include <tuple>

namespace lstmlib::inline LSTMLIB_ABI::train {

struct SnapshotOptions {
  std::string file_name = "snapshot_iter_{iteration}";  ///< also "{epoch}"
  Index keep = 0;                                       ///< number of newest snapshots to keep; 0: all
  std::filesystem::path folder = {};                    ///< empty: the trainer's folder
  /// Compressing weights is slow and gains little: 7 % of 46 MB in 1.4 s.
  io::Compression compression = io::Compression::deflate;
};

/// The file name with the numbers filled in.
inline std::string snapshot_name(std::string file_name, const Status& now) {
  const auto fill = [&](std::string_view mark, Index number) {
    if (const auto at = file_name.find(mark); at != file_name.npos)
      file_name.replace(at, mark.size(), std::to_string(number));
  };
  fill("{iteration}", now.iteration);
  fill("{epoch}", now.epoch);
  return file_name;
}

namespace detail {
/// The digits in `name` at the marks of `file_name`, padded on the left. Nothing if `name` does not match.
inline std::optional<std::string> snapshot_numbers(std::string_view file_name, std::string_view name) {
  std::string numbers;
  while (!file_name.empty()) {
    const bool iteration = file_name.starts_with("{iteration}"), epoch = file_name.starts_with("{epoch}");
    if (iteration || epoch) {
      const auto digits = std::min(name.find_first_not_of("0123456789"), name.size());
      if (digits == 0 || digits > 20) return std::nullopt;
      numbers.append(20 - digits, '0').append(name.substr(0, digits));
      name.remove_prefix(digits);
      file_name.remove_prefix(std::string_view(iteration ? "{iteration}" : "{epoch}").size());
    } else {
      if (name.empty() || name.front() != file_name.front()) return std::nullopt;
      name.remove_prefix(1);
      file_name.remove_prefix(1);
    }
  }
  return name.empty() ? std::optional(numbers) : std::nullopt;
}
}  // namespace detail

/// Paths of the snapshots in a folder that match `file_name`, latest first. Empty if there is no such folder.
inline std::vector<std::filesystem::path> snapshots_in(const std::filesystem::path& folder,
                                                       std::string_view file_name) {
  struct Found {
    std::filesystem::file_time_type written;
    std::string numbers;  // order of files with the same time stamp
    std::filesystem::path path;
  };
  std::vector<Found> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    auto numbers = detail::snapshot_numbers(file_name, entry.path().filename().string());
    if (!numbers || !entry.is_regular_file(error)) continue;
    const auto written = entry.last_write_time(error);
    if (!error) found.push_back({written, std::move(*numbers), entry.path()});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.written, a.numbers) > std::tie(b.written, b.numbers);
  });
  std::vector<std::filesystem::path> paths;
  for (auto& file : found) paths.push_back(std::move(file.path));
  return paths;
}

/// Resumes from the newest readable snapshot in the trainer's folder that fits. Returns its path, or an empty
/// path if there is none. Calls `skipped(message)` for each snapshot that cannot be used.
template <class Skipped>
std::filesystem::path load_newest_snapshot(Trainer& trainer, Skipped skipped,
                                           const std::string& file_name = SnapshotOptions{}.file_name) {
  for (auto& path : snapshots_in(trainer.folder(), file_name)) {
    try {
      io::load_snapshot(path, trainer);
      return path;
    } catch (const Error& error) { skipped(std::string(error.what())); }
  }
  return {};
}

/// Writes the whole trainer, also if a signal ends the run, then deletes old snapshots beyond `keep`. On
/// start, removes partial files of killed runs.
class Snapshot {
 public:
  explicit Snapshot(SnapshotOptions o) : options_(std::move(o)) {}

  Trigger default_trigger() const { return epochs(1); }
  void initialize(Trainer& trainer) {
    if (trainer.is_main_process()) io::remove_abandoned_files(folder(trainer));
  }
  void operator()(Trainer& trainer) { write(trainer); }
  std::filesystem::path interrupted(Trainer& trainer) { return write(trainer); }

  std::string name = "_Snapshot";
  int priority = priority::snapshot;

 private:
  std::filesystem::path folder(const Trainer& trainer) const {
    return options_.folder.empty() ? trainer.folder() : options_.folder;
  }
  /// Returns the file written: empty except on the main process.
  std::filesystem::path write(Trainer& trainer) const {
    if (!trainer.is_main_process()) return {};
    const auto path = folder(trainer) / snapshot_name(options_.file_name, trainer.status());
    io::write_npz(path, io::to_archive(trainer), options_.compression);
    if (options_.keep == 0) return path;
    Index others = 0;
    for (const auto& other : snapshots_in(folder(trainer), options_.file_name)) {
      std::error_code error;  // a file that cannot be deleted does no harm
      if (other != path && ++others >= options_.keep) std::filesystem::remove(other, error);
    }
    return path;
  }
  SnapshotOptions options_;
};

/// Runs each epoch by default. Throws ValueError if `keep` is negative.
///
///     trainer.extend(train::snapshot({.keep = 2}));
///     trainer.run();
///     // in a later process, before run():
///     train::load_newest_snapshot(trainer, [](const std::string& why) { std::cerr << why << '\n'; });
inline Extension snapshot(SnapshotOptions options = {}) {
  if (options.keep < 0) lstmlib::detail::refuse_option("SnapshotOptions", "keep", options.keep, "at least 0");
  return Snapshot(std::move(options));
}

/// Writes a model to a file in the trainer's folder. With a trigger such as max_value, the best one so far.
class SnapshotObject {
 public:
  SnapshotObject(const nn::Module& model, std::string file_name)
      : model_(&model), file_name_(std::move(file_name)) {}

  Trigger default_trigger() const { return epochs(1); }
  void operator()(Trainer& trainer) {
    if (trainer.is_main_process()) io::save_npz(trainer.folder() / file_name_, *model_);
  }

  std::string name = "_Snapshot";
  int priority = priority::checkpoint;

 private:
  const nn::Module* model_;
  std::string file_name_;
};

/// `model` must outlive the trainer. Marks such as "{epoch}" in `file_name` are not replaced.
///
///     trainer.extend(train::snapshot_object(model, "best.npz"),
///                    train::max_value("validation/main/accuracy"));
inline Extension snapshot_object(const nn::Module& model, std::string file_name) {
  return SnapshotObject(model, std::move(file_name));
}

}  // namespace lstmlib::train
