// SPDX-License-Identifier: MIT
#pragma once
// A table of the log, printed line by line during the run.

#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/progress_bar.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// A column of the printed table.
struct PrintColumn {
  std::string key;                   ///< in the log: "validation/main/accuracy"
  std::string heading;               ///< "accuracy (%)"
  std::optional<int> decimals = {};  ///< digits after the point; empty: six significant digits
  double scale = 1;                  ///< factor for printed values: 100 turns a ratio into a percentage
};

/// Prints the entries of the trainer's LogReport. Missing values are blank.
class PrintReport {
 public:
  PrintReport(std::vector<PrintColumn> columns, std::ostream& stream)
      : columns_(std::move(columns)), table_(headings()), stream_(&stream) {}

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
  std::vector<TableColumn> headings() const {
    std::vector<TableColumn> result;
    for (const auto& column : columns_) result.push_back({column.heading, column.decimals});
    return result;
  }
  std::string row(const LogReport::Entry& entry) const {
    std::vector<std::optional<double>> values;
    for (const auto& column : columns_) {
      const auto found = entry.find(column.key);
      const bool there = found != entry.end() && found->is_number();
      values.push_back(there ? std::optional(column.scale * found->template get<double>()) : std::nullopt);
    }
    return table_.row(values);
  }

  std::vector<PrintColumn> columns_;
  Table table_;
  std::ostream* stream_;
  bool header_printed_ = false;
  std::size_t printed_ = 0;  // entries; a resumed run prints the earlier ones again
};

/// A table as Chainer's PrintReport prints it. `keys`: the columns, such as "epoch" or
/// "validation/main/accuracy". `stream` must outlive the trainer.
inline Extension print_report(std::vector<std::string> keys, std::ostream& stream) {
  std::vector<PrintColumn> columns;
  for (const auto& key : keys) columns.push_back({.key = key, .heading = key});
  return PrintReport(std::move(columns), stream);
}

struct PrintReportOptions {
  std::vector<PrintColumn> columns;
};

/// A table with headings and figures for people. `stream` outlives the trainer.
///
///     trainer.extend(train::print_report(
///         {.columns = {{.key = "epoch", .heading = "epoch", .decimals = 0},
///                      {.key = "main/accuracy", .heading = "accuracy (%)", .decimals = 1, .scale = 100}}},
///         std::cerr));
inline Extension print_report(PrintReportOptions options, std::ostream& stream) {
  return PrintReport(std::move(options.columns), stream);
}

}  // namespace lstmlib::train
