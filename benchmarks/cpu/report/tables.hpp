// SPDX-License-Identifier: MIT
#pragma once
// Results as JSON and as Markdown.

#include "charts.hpp"
#include "results.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace report {

/// Three digits, or all before the point.
inline std::string text_of(double value) {
  const int before = value == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", std::max(0, 3 - std::max(1, before)), value);
  return text;
}
inline std::string text_of(const Spread& s) {
  return text_of(s.median) + " (" + text_of(s.low) + " to " + text_of(s.high) + ")";
}

inline ordered_json as_json(const Spread& s) {
  return {{"median", s.median}, {"low", s.low}, {"high", s.high}};
}

/// Best variants of one side, one for each way of computing: names differ before ", batch".
inline std::vector<const Variant*> ways(const Comparison& c, const std::string& side) {
  std::map<std::string, const Variant*> best;
  std::vector<std::string> order;
  for (const Variant& v : c.variants) {
    if (v.side != side) continue;
    const auto way = v.name.substr(0, v.name.find(", batch"));
    if (!best[way]) order.push_back(way);
    if (!best[way] || c.better(v.spread().median, best[way]->spread().median)) best[way] = &v;
  }
  std::vector<const Variant*> found;
  for (const auto& way : order) found.push_back(best[way]);
  return found;
}

/// One line of the table of ratios.
struct Row {
  const Comparison* comparison;
  const Variant *ours, *theirs;
  Spread ratio;
};
/// Each of our ways against the best variant of each other side.
inline std::vector<Row> rows_of(const Results& results) {
  std::vector<Row> rows;
  for (const Comparison& c : results.comparisons)
    for (const Variant* ours : ways(c, "lstmlib"))
      for (const auto& side : c.sides()) {
        const Variant* theirs = side == "lstmlib" ? nullptr : c.best(side);
        if (!theirs) continue;
        if (const auto ratio = c.ratio(*ours, *theirs)) rows.push_back({&c, ours, theirs, *ratio});
      }
  return rows;
}

inline ordered_json as_json(const Results& results) {
  ordered_json json{
      {"runs", results.notes}, {"measured", ordered_json::array()}, {"ratios", ordered_json::array()}};
  for (const Comparison& c : results.comparisons)
    for (const Variant& v : c.variants) {
      ordered_json entry{
          {"part", c.part},    {"name", c.name}, {"threads", c.threads},       {"side", v.side},
          {"variant", v.name}, {"unit", c.unit}, {"rounds", v.by_round.size()}};
      entry.update(as_json(v.spread()));
      json["measured"].push_back(entry);
    }
  for (const Row& row : rows_of(results)) {
    ordered_json entry{{"part", row.comparison->part},       {"name", row.comparison->name},
                       {"threads", row.comparison->threads}, {"lstmlib", row.ours->name},
                       {"side", row.theirs->side},           {"variant", row.theirs->name}};
    entry.update(as_json(row.ratio));
    json["ratios"].push_back(entry);
  }
  for (const auto& [part, cores] : results.others)
    json["cores_used_by_others"][part] = as_json(spread_of(cores));
  return json;
}

namespace detail {

inline std::string machine_table(const Results& results) {
  const auto& machine = results.notes.front().at("machine");
  std::string text = "| machine | |\n|---|---|\n";
  const auto line = [&](const std::string& what, const std::string& value) {
    text += "| " + what + " | " + value + " |\n";
  };
  line("processor", machine.at("processor").get<std::string>() + ", " +
                        std::to_string(machine.at("cores").get<int>()) + " cores");
  line("instruction sets", machine.at("instruction_sets"));
  line("data", results.notes.front().at("data"));
  line("compiler", results.notes.front().at("compiler"));
  std::map<std::string, std::string> versions;
  for (const auto& note : results.notes)
    if (note.contains("versions"))
      for (const auto& [side, version] : note["versions"].items()) versions[side] = version;
  for (const auto& [side, version] : versions) line(side, version);
  for (const Comparison& c : results.comparisons) {
    if (c.name.rfind("limit/", 0) != 0) continue;
    for (const Variant& v : c.variants) {
      const auto what = v.name + ", " + std::to_string(c.threads) + (c.threads == 1 ? " thread" : " threads");
      const double best = results.limit(c.name.substr(6), v.name, c.threads);
      if (text.find("| " + what + " |") == std::string::npos) line(what, text_of(best) + " " + c.unit);
    }
  }
  return text;
}

inline std::string run_table(const Results& results) {
  std::string text =
      "| part | date | commit | command | cores used by others, median (range) |\n|---|---|---|---|---|\n";
  for (const auto& note : results.notes) {
    const std::string part = note.at("part");
    const auto others = results.others.find(part);
    text += "| " + part + " | " + note.at("date").get<std::string>() + " | " +
            note.at("commit").get<std::string>() + " | `" + note.at("command").get<std::string>() + "` | " +
            (others == results.others.end() ? "" : text_of(spread_of(others->second))) + " |\n";
  }
  return text;
}

}  // namespace detail

inline std::string as_markdown(const Results& results, const std::vector<DrawnChart>& charts) {
  std::string text =
      "# lstmlib beside other libraries on the CPU\n\n"
      "Made by `benchmarks/cpu/run.sh`. All programs run in turn, round by round; values are medians over "
      "rounds with their range,\n"
      "ratios are medians (range) of the ratios of the rounds: above 1, lstmlib is better. Each library with "
      "its best variant.\n\n";
  for (const auto& note : results.notes)
    if (note.at("quick").get<bool>()) {
      text +=
          "**A quick run: small sizes, few rounds. It shows that everything works and says nothing about "
          "speed.**\n\n";
      break;
    }
  text += detail::machine_table(results) + "\nLimits are the best that was measured in any round.\n\n";

  text += "## Ratios\n\n| what | threads | lstmlib | | other | | ratio |\n|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows_of(results)) {
    const Comparison& c = *row.comparison;
    if (c.name.rfind("scaling/", 0) == 0) continue;  // in the charts
    const auto cell = [&](const Variant& v) { return text_of(v.spread()) + " " + c.unit; };
    text += "| " + c.name + " | " + std::to_string(c.threads) + " | " + row.ours->name + " | " +
            cell(*row.ours) + " | " + row.theirs->side + ", " + row.theirs->name + " | " + cell(*row.theirs) +
            " | " + text_of(row.ratio) + " |\n";
  }
  bool first = true;
  for (const Comparison& c : results.comparisons) {
    const bool over_epochs = c.name == "train/arithmetic";
    if (!over_epochs && c.name != "train/products") continue;
    if (first)
      text +=
          "\n## Arithmetic of training\n\nOperations of the LSTM's products, over the time of whole epochs "
          "and "
          "over the processor time\nwithin products (found by sampling), against the measured peak.\n\n"
          "| part | over | threads | variant | GFLOP/s | of the fp32 peak |\n|---|---|---|---|---|---|\n";
    first = false;
    const double peak = results.fma_peak(c.threads);
    for (const Variant& v : c.variants)
      text += "| " + c.part + (over_epochs ? " | epochs | " : " | products | ") + std::to_string(c.threads) +
              " | " + v.name + " | " + text_of(v.spread()) + " | " +
              (peak > 0 ? text_of(100 * v.spread().median / peak) + " %" : "") + " |\n";
  }
  if (!results.kernels.empty()) {
    const double peak = results.fma_peak(results.max_threads());
    text +=
        "\n## Kernels\n\n`backend_recurrent_benchmark` of Google Benchmark, all threads, medians.\n\n"
        "| kernel | us | GFLOP/s | of the fp32 peak |\n|---|---|---|---|\n";
    for (const Kernel& k : results.kernels)
      text += "| " + k.name + " | " + text_of(k.microseconds) + " | " +
              (k.gflops > 0 ? text_of(k.gflops) : "") + " | " +
              (k.gflops > 0 && peak > 0 ? text_of(100 * k.gflops / peak) + " %" : "") + " |\n";
  }
  if (!charts.empty()) text += "\n## Scaling\n\n";
  for (const auto& chart : charts) text += "![" + chart.title + "](" + chart.file + ")\n";
  text += "\n## Runs\n\n" + detail::run_table(results);
  return text;
}

}  // namespace report
