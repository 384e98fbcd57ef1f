// SPDX-License-Identifier: MIT
#pragma once
// What run.sh measured, as the tables of the report, and the cost model that is calibrated by it.

#include "cost_model.hpp"
#include "report/results.hpp"
#include "workload.hpp"

#include <cstdio>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace report {

inline std::string fixed(double value, int digits = 2) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}
inline std::string text_of(const Spread& s, int digits = 2) {
  return fixed(s.median, digits) + " (" + fixed(s.low, digits) + " to " + fixed(s.high, digits) + ")";
}
inline ordered_json json_of(const Spread& s) {
  return {{"median", s.median}, {"low", s.low}, {"high", s.high}};
}

/// A table, and the same values for programs.
struct Table {
  std::string title, text_before;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  ordered_json values = ordered_json::array();

  std::string markdown() const {
    const auto line = [](const std::vector<std::string>& cells) {
      std::string text = "|";
      for (const auto& cell : cells) text += ' ' + cell + " |";
      return text + '\n';
    };
    std::string text = "## " + title + "\n\n" + text_before + "\n\n" + line(columns) +
                       line(std::vector<std::string>(columns.size(), "---"));
    for (const auto& row : rows) text += line(row);
    return text + '\n';
  }
};

/// Values by part, name, side, and threads of all processes together.
class Measured {
 public:
  explicit Measured(Results results) : results_(std::move(results)) {}

  const Results& results() const { return results_; }
  const Variant* find(const std::string& part, const std::string& name, const std::string& side, int threads,
                      const std::string& variant = "") const {
    const Comparison* comparison = results_.find(part, name, threads);
    return comparison ? comparison->find(side, variant) : nullptr;
  }
  std::optional<double> median(const std::string& part, const std::string& name, const std::string& side,
                               int threads) const {
    const Variant* found = find(part, name, side, threads);
    return found ? std::optional(found->spread().median) : std::nullopt;
  }
  bool has(const std::string& part) const {
    for (const Comparison& c : results_.comparisons)
      if (c.part == part) return true;
    return false;
  }

 private:
  Results results_;
};

/// Of rounds that both have: a divided by b.
inline std::optional<Spread> ratio(const Variant* a, const Variant* b) {
  if (!a || !b) return std::nullopt;
  std::vector<double> ratios;
  for (const auto& [round, value] : a->by_round)
    if (const auto other = b->by_round.find(round); other != b->by_round.end())
      ratios.push_back(value / other->second);
  return ratios.empty() ? std::nullopt : std::optional(spread_of(ratios));
}

/// What a communicator costs that has nobody to talk to.
inline Table overhead_table(const Measured& m) {
  Table table{"One process by itself",
              "Steps of three updaters in turn, in one process; batch 64, one thread. What a step of a "
              "`ParallelUpdater` takes more than "
              "the `StandardUpdater`'s before or after it: the median over pairs, of each round.",
              {"communicator", "more time a step, %"},
              {}};
  for (const char* communicator : {"SingleProcess", "MpiCommunicator"})
    if (const Variant* v = m.find("overhead", "overhead/more", "1 process", 1, communicator)) {
      table.rows.push_back({communicator, text_of(v->spread())});
      table.values.push_back({{"communicator", communicator}, {"percent", json_of(v->spread())}});
    }
  return table;
}

struct Way {
  const char* what;
  int batch, threads;
  const char* side;
  int than_batch, than_threads;
  const char* than;
};

/// Throughputs beside each other.
inline Table ranks_table(const Measured& m) {
  Table table{"Two processes on two cores",
              "Processes of one thread each, over shared memory. Ratio: of the throughputs, round by round.",
              {"what", "sentences/s", "against", "sentences/s", "ratio"},
              {}};
  const Way ways[] = {
      {"2 processes, global batch 64", 64, 2, "2 processes", 64, 2, "1 process"},
      {"2 processes, global batch 128", 128, 2, "2 processes", 128, 2, "1 process"},
      {"strong scaling: 2 processes, global batch 64", 64, 2, "2 processes", 64, 1, "1 process"},
      {"weak scaling: 2 processes, 64 each", 128, 2, "2 processes", 64, 1, "1 process"},
  };
  for (const Way& way : ways) {
    const auto name = [](int batch) { return "batch/" + std::to_string(batch) + "/throughput"; };
    const Variant *a = m.find("ranks", name(way.batch), way.side, way.threads),
                  *b = m.find("ranks", name(way.than_batch), way.than, way.than_threads);
    const auto times = ratio(a, b);
    if (!times) continue;
    const std::string against = "1 process, " + std::to_string(way.than_threads) +
                                (way.than_threads == 1 ? " thread" : " threads") + ", batch " +
                                std::to_string(way.than_batch);
    table.rows.push_back(
        {way.what, text_of(a->spread(), 0), against, text_of(b->spread(), 0), text_of(*times)});
    table.values.push_back({{"what", way.what}, {"against", against}, {"ratio", json_of(*times)}});
  }
  return table;
}

/// Where a step of two processes goes.
inline Table parts_table(const Measured& m) {
  Table table{
      "Where the time of a step goes",
      "Milliseconds of each process, on average; gathering includes waiting for the process whose "
      "share takes longer.",
      {"processes, global batch", "step", "gathering what is few bytes", "starting sums", "waiting for sums"},
      {}};
  for (const auto& [batch, processes] : {std::pair(32, 2), {64, 2}, {128, 2}, {256, 2}}) {
    const std::string side = std::to_string(processes) + " processes",
                      prefix = "batch/" + std::to_string(batch) + "/";
    std::vector<std::string> row{side + ", " + std::to_string(batch)};
    ordered_json values{{"processes", processes}, {"batch", batch}};
    for (const char* part : {"step", "gather", "start", "wait"})
      if (const Variant* v = m.find("ranks", prefix + part, side, processes)) {
        row.push_back(text_of(v->spread()));
        values[part] = json_of(v->spread());
      }
    if (row.size() < table.columns.size()) continue;
    table.rows.push_back(row);
    table.values.push_back(values);
  }
  return table;
}

/// Whether processes follow one: the mean loss over the same steps.
inline Table loss_table(const Measured& m) {
  Table table{"The same run",
              "Mean loss over the steps of the first and of the last round, global batch 64, dropout on: "
              "processes follow one but for rounding. Four processes on two cores are here for this alone.",
              {"run", "first round", "last round"},
              {}};
  for (const auto& [side, threads] :
       {std::pair("1 process", 1), {"1 process", 2}, {"2 processes", 2}, {"4 processes", 4}})
    if (const Variant* v = m.find("ranks", "batch/64/loss", side, threads)) {
      const double first = v->by_round.begin()->second, last = std::prev(v->by_round.end())->second;
      const std::string run =
          std::string(side) + (threads == 2 && side == std::string("1 process") ? ", 2 threads" : "");
      table.rows.push_back({run, fixed(first, 6), fixed(last, 6)});
      table.values.push_back({{"run", run}, {"first", first}, {"last", last}});
    }
  return table;
}

/// Counted by the system beside what Traffic computes.
inline Table wire_table(const Measured& m) {
  Table table{"Bytes on the wire",
              "MB (10^6 bytes) that a process sends a step, global batch 64, over TCP: what `Traffic` "
              "computes, and what the network device counted, headers and acknowledgements included.",
              {"processes: embedding, numbers", "Traffic", "counted", "more, %"},
              {}};
  const auto add = [&](const std::string& part, const std::string& side, int threads,
                       const std::string& label) {
    const Variant *told = m.find(part, "batch/64/traffic", side, threads),
                  *counted = m.find(part, "batch/64/wire", side, threads);
    const auto times = ratio(counted, told);
    if (!times) return;
    const double more = 100 * (times->median - 1);
    table.rows.push_back(
        {label, fixed(told->spread().median, 3), fixed(counted->spread().median, 3), fixed(more, 1)});
    table.values.push_back({{"what", label},
                            {"traffic_mb", told->spread().median},
                            {"counted_mb", counted->spread().median},
                            {"more_percent", more}});
  };
  for (const int count : {2, 4})
    for (const char* how : {"rows, exact", "rows, bf16", "whole table, exact", "whole table, bf16"}) {
      const std::string side = std::to_string(count) + " processes: " + how;
      add("wire", side, count, side + " (loopback)");
    }
  for (const char* how : {"rows", "whole table"})
    add("link-1000", how, 2, std::string("2 processes: ") + how + ", exact (a link between namespaces)");
  return table;
}

}  // namespace report
