// SPDX-License-Identifier: MIT
#pragma once
// What processes exchange after a step: their observations, and whether one received a signal.

#include "lstmlib/distributed/agreement.hpp"
#include "lstmlib/train/observation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

struct StepReport {
  train::Observation seen = {};
  Index examples = 0;
  int signal = 0;  ///< signal that this process received, or 0
};

namespace detail {

inline std::vector<std::byte> to_bytes(const StepReport& report) {
  std::vector<std::byte> bytes;
  const auto put = [&](const auto* data, std::size_t count) {
    const auto raw = std::as_bytes(std::span(data, count));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  };
  put(&report.examples, 1);
  put(&report.signal, 1);
  for (const auto& entry : report.seen) {
    const auto length = static_cast<std::uint32_t>(entry.key.size());
    put(&length, 1);
    put(entry.key.data(), entry.key.size());
    put(&entry.value, 1);
    put(&entry.weight, 1);
    put(&entry.weighted, 1);
  }
  return bytes;
}

inline StepReport to_report(std::span<const std::byte> bytes) {
  const auto take = [&](void* to, std::size_t count) {
    if (count > bytes.size()) fail<Error>("step report: ", bytes.size(), " bytes left, expected ", count);
    std::memcpy(to, bytes.data(), count);
    bytes = bytes.subspan(count);
  };
  StepReport report;
  take(&report.examples, sizeof report.examples);
  take(&report.signal, sizeof report.signal);
  while (!bytes.empty()) {
    train::Observation::Entry entry;
    std::uint32_t length = 0;
    take(&length, sizeof length);
    if (length > bytes.size()) fail<Error>("step report: a name of ", length, " bytes");
    entry.key.resize(length);
    take(entry.key.data(), length);
    take(&entry.value, sizeof entry.value);
    take(&entry.weight, sizeof entry.weight);
    take(&entry.weighted, sizeof entry.weighted);
    report.seen.set(entry);
  }
  return report;
}

inline StepReport merge(std::span<const StepReport> reports) {
  struct Mean {
    train::Observation::Entry entry;
    double sum = 0, weights = 0;
  };
  std::vector<Mean> means;
  StepReport total;
  for (const auto& report : reports) {
    total.examples += report.examples;
    total.signal = std::max(total.signal, report.signal);
    if (report.examples == 0) continue;
    for (const auto& entry : report.seen) {
      auto mean =
          std::find_if(means.begin(), means.end(), [&](const Mean& m) { return m.entry.key == entry.key; });
      if (mean == means.end()) mean = means.insert(means.end(), Mean{entry});
      else if (entry.weighted) mean->entry.weight += entry.weight;
      const auto weight = static_cast<double>(entry.weighted ? entry.weight : report.examples);
      mean->sum += weight * entry.value;
      mean->weights += weight;
    }
  }
  for (auto& mean : means) {
    if (mean.weights > 0) mean.entry.value = mean.sum / mean.weights;
    total.seen.set(mean.entry);
  }
  return total;
}

}  // namespace detail

/// The report of the whole step, equal in all processes. Unweighted values become means over the examples;
/// weighted ones get the sum of the weights. Throws AgreedError that names the processes in which the value
/// `watched` is not finite.
inline StepReport all_gather_reports(Communicator& all, const StepReport& mine, std::string_view watched,
                                     Index iteration) {
  std::vector<StepReport> reports;
  if (all.size() == 1) reports.push_back(mine);
  else
    for (const auto& bytes : all.all_gather(detail::to_bytes(mine)))
      reports.push_back(detail::to_report(bytes));

  std::vector<std::size_t> diverged;
  for (std::size_t rank = 0; rank < reports.size(); ++rank)
    if (const auto value = reports[rank].seen.find(watched); value && !std::isfinite(*value))
      diverged.push_back(rank);
  if (!diverged.empty()) {
    const auto names = process_names(all);
    std::string processes;
    for (const std::size_t rank : diverged) processes += (processes.empty() ? "" : ", ") + names[rank];
    fail<AgreedError>("training diverged: the ", watched, " is not finite after iteration ", iteration,
                      " in ", processes);
  }
  return reports.size() == 1 ? mine : detail::merge(reports);
}

}  // namespace lstmlib::distributed
