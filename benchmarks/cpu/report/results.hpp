// SPDX-License-Identifier: MIT
#pragma once
// What was measured: for each comparison the values of every side and variant, round by round, and ratios of
// them.

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace report {

using nlohmann::ordered_json;

/// Median and range of some values.
struct Spread {
  double median, low, high;
};
inline Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

/// One way in which one side does something: a value for each round.
struct Variant {
  std::string side, name;
  std::map<int, double> by_round;

  Spread spread() const {
    std::vector<double> values;
    for (const auto& [round, value] : by_round) values.push_back(value);
    return spread_of(values);
  }
};

/// Everything that is measured under one name with one number of threads.
struct Comparison {
  std::string part, name, unit;
  int threads = 0;
  std::vector<Variant> variants;

  bool more_is_better() const { return unit.find("/s") != std::string::npos; }
  bool better(double a, double b) const { return more_is_better() ? a > b : a < b; }

  /// The variant of a side with the best median; null if the side is not there.
  const Variant* best(const std::string& side) const {
    const Variant* found = nullptr;
    for (const Variant& v : variants)
      if (v.side == side && (!found || better(v.spread().median, found->spread().median))) found = &v;
    return found;
  }
  const Variant* find(const std::string& side, const std::string& variant) const {
    for (const Variant& v : variants)
      if (v.side == side && v.name == variant) return &v;
    return nullptr;
  }
  std::vector<std::string> sides() const {
    std::vector<std::string> names;
    for (const Variant& v : variants)
      if (std::find(names.begin(), names.end(), v.side) == names.end()) names.push_back(v.side);
    return names;
  }
  /// How many times better `ours` is, of the rounds that both have.
  std::optional<Spread> ratio(const Variant& ours, const Variant& theirs) const {
    std::vector<double> ratios;
    for (const auto& [round, value] : ours.by_round)
      if (const auto other = theirs.by_round.find(round); other != theirs.by_round.end())
        ratios.push_back(more_is_better() ? value / other->second : other->second / value);
    if (ratios.empty()) return std::nullopt;
    return spread_of(ratios);
  }
};

/// A measurement by Google Benchmark: medians over its repetitions.
struct Kernel {
  std::string name;
  double microseconds, gflops;  ///< gflops: 0 where it does not count operations
};

struct Results {
  std::vector<Comparison> comparisons;
  std::vector<Kernel> kernels;
  std::vector<ordered_json> notes;                    ///< of the runs: part, command, commit, date, versions
  std::map<std::string, std::vector<double>> others;  ///< cores that other processes used, by part

  const Comparison* find(const std::string& part, const std::string& name, int threads) const {
    for (const Comparison& c : comparisons)
      if ((part.empty() || c.part == part) && c.name == name && c.threads == threads) return &c;
    return nullptr;
  }
  int max_threads() const {
    int most = 1;
    for (const Comparison& c : comparisons) most = std::max(most, c.threads);
    return most;
  }
  /// A limit of the machine over all runs, in GFLOP/s or GB/s; 0 if it was not measured. Disturbances only
  /// lower it, so the best of what was measured counts.
  double limit(const std::string& name, const std::string& variant, int threads) const {
    double best = 0;
    for (const Comparison& c : comparisons)
      if (const Variant* v =
              c.name == "limit/" + name && c.threads == threads ? c.find("machine", variant) : nullptr)
        best = std::max(best, v->spread().high);
    return best;
  }
  double fma_peak(int threads) const {
    double best = 0;
    for (const char* kind : {"fp32, baseline", "fp32, AVX2", "fp32, AVX-512"})
      best = std::max(best, limit("multiply-add", kind, threads));
    return best;
  }
};

namespace detail {

inline Comparison& comparison_of(Results& results, const std::string& part, const ordered_json& line) {
  const auto name = line.at("name").get<std::string>();
  const int threads = line.at("threads");
  for (Comparison& c : results.comparisons)
    if (c.part == part && c.name == name && c.threads == threads) return c;
  results.comparisons.push_back({part, name, line.at("unit"), threads, {}});
  return results.comparisons.back();
}

inline void add_line(Results& results, const std::string& part, const ordered_json& line) {
  const double value = line.at("value");
  if (line.at("name") == "machine/others") {
    results.others[part].push_back(value);
    return;
  }
  Comparison& comparison = comparison_of(results, part, line);
  const std::string side = line.at("side"), name = line.at("variant");
  if (!comparison.find(side, name)) comparison.variants.push_back({side, name, {}});
  for (Variant& v : comparison.variants)
    if (v.side == side && v.name == name) v.by_round[line.at("round")] = value;
}

inline std::vector<Kernel> read_kernels(const std::filesystem::path& file) {
  std::vector<Kernel> kernels;
  std::ifstream stream(file);
  const auto all = ordered_json::parse(stream);
  for (const auto& entry : all.at("benchmarks")) {
    if (entry.value("aggregate_name", "") != "median") continue;
    const std::map<std::string, double> units{{"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}};
    kernels.push_back(
        {entry.at("run_name"),
         entry.at("real_time").get<double>() * units.at(entry.at("time_unit").get<std::string>()),
         entry.value("GFLOP/s", 0.0)});
  }
  return kernels;
}

}  // namespace detail

/// All files of a folder. Throws std::exception naming the file for one that rounds did not write.
inline Results read_results(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Results results;
  if (const auto kernels = folder / "kernels.json"; std::filesystem::exists(kernels)) {
    try {
      results.kernels = detail::read_kernels(kernels);
    } catch (const std::exception& error) {
      throw std::runtime_error(kernels.string() + ": " + error.what());
    }
  }
  for (const auto& file : files) {
    std::ifstream lines(file);
    std::string part;
    for (std::string text; std::getline(lines, text);) {
      try {
        const auto line = ordered_json::parse(text);
        if (line.contains("part")) {
          part = line.at("part");
          results.notes.push_back(line);
        } else {
          detail::add_line(results, part, line);
        }
      } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(file.string() + ": " + error.what());
      }
    }
  }
  if (results.comparisons.empty()) throw std::runtime_error(folder.string() + ": no results");
  return results;
}

}  // namespace report
