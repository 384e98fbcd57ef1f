// SPDX-License-Identifier: MIT
#pragma once
// The log of a run: a JSON file with the means of observed values, one entry per epoch.

#include "lstmlib/io/file.hpp"
#include "lstmlib/train/trainer.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::train {

struct LogReportOptions {
  std::vector<std::string> keys = {};  ///< keys to log; empty: all
  Trigger write = epochs(1);      ///< when an entry is made
  std::string file_name = "log";  ///< in the trainer's folder
};

/// Writes a JSON list of objects: the means since the previous entry, "epoch", "iteration" and "elapsed_time"
/// in seconds. Values that are not finite are null. File layout and saved state are those of Chainer's
/// LogReport.
class LogReport {
 public:
  using Entry = nlohmann::ordered_json;  ///< JSON object: key to number or null

  explicit LogReport(LogReportOptions o)
      : keys_(std::move(o.keys)), write_(std::move(o.write)), file_name_(std::move(o.file_name)) {}

  const Entry& entries() const { return log_; }  ///< JSON list, latest entry last

  /// Writes earlier entries, because a resumed run may have a new folder.
  void initialize(Trainer& trainer) {
    if (!log_.empty()) write_file(trainer);
  }

  void operator()(Trainer& trainer) {
    for (const auto& seen : trainer.observation())
      if (keys_.empty() || std::find(keys_.begin(), keys_.end(), seen.key) != keys_.end())
        summary_.add(seen.key, seen.value, seen.weight);
    if (!write_(trainer.status())) return;
    Entry entry = Entry::object();
    for (const auto& mean : summary_.means()) entry[mean.key] = mean.value;
    entry["epoch"] = trainer.epoch();
    entry["iteration"] = trainer.iteration();
    entry["elapsed_time"] = trainer.elapsed_time();
    log_.push_back(std::move(entry));
    summary_.clear();
    write_file(trainer);
  }

  void serialize(io::Serializer& serializer) {
    serializer.child("_trigger", write_);
    serializer.child("_summary", summary_);
    std::string text = log_.dump();
    serializer.value("_log", text);
    if (serializer.saving()) return;
    log_ = Entry::parse(text, nullptr, false);
    const auto is_object = [](const Entry& entry) { return entry.is_object(); };
    if (!log_.is_array() || !std::all_of(log_.begin(), log_.end(), is_object))
      fail<FormatError>("LogReport: the saved log is not a JSON list of objects");
  }

  std::string name = "LogReport";

 private:
  void write_file(const Trainer& trainer) const {
    if (trainer.is_main_process()) io::write_file(trainer.folder() / file_name_, log_.dump(4));
  }

  std::vector<std::string> keys_;
  Trigger write_;
  std::string file_name_;
  Summary summary_;  // since the last entry
  Entry log_ = Entry::array();
};

inline Extension log_report(LogReportOptions options = {}) { return LogReport(std::move(options)); }

}  // namespace lstmlib::train
