// SPDX-License-Identifier: MIT
#pragma once
// A table of the log, printed line by line during the run.

#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/progress_bar.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Prints the entries of the trainer's LogReport. Columns and number format are those of Chainer's
/// PrintReport. Missing values are blank.
class PrintReport {
 public:
  PrintReport(std::vector<std::string> keys, std::ostream& stream)
      : keys_(std::move(keys)), table_(keys_), stream_(&stream) {}

  /// Throws Error if the trainer has no LogReport.
  void operator()(Trainer& trainer) {
    if (!trainer.is_main_process()) return;
    const auto* log = trainer.find<LogReport>();
    if (!log) fail<Error>("print report: the trainer has no log report");
    const auto& entries = log->entries();
    if (header_printed_ && printed_ >= entries.size()) return;
    if (auto* bar = trainer.find<ProgressReport>()) bar->clear();
    if (!std::exchange(header_printed_, true)) *stream_ << table_.header() << '\n';
    for (; printed_ < entries.size(); ++printed_) *stream_ << row(entries[printed_]) << '\n';
    stream_->flush();
  }

  std::string name = "PrintReport";

 private:
  std::string row(const LogReport::Entry& entry) const {
    std::vector<std::optional<double>> values;
    for (const auto& key : keys_) {
      const auto found = entry.find(key);
      const bool there = found != entry.end() && found->is_number();
      values.push_back(there ? std::optional(found->template get<double>()) : std::nullopt);
    }
    return table_.row(values);
  }

  std::vector<std::string> keys_;
  Table table_;
  std::ostream* stream_;
  bool header_printed_ = false;
  std::size_t printed_ = 0;  // entries; a resumed run prints the earlier ones again
};

/// `keys`: the columns, such as "epoch" or "validation/main/accuracy". `stream` must outlive the trainer.
inline Extension print_report(std::vector<std::string> keys, std::ostream& stream) {
  return PrintReport(std::move(keys), stream);
}

}  // namespace lstmlib::train
