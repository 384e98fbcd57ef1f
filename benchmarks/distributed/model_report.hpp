// SPDX-License-Identifier: MIT
#pragma once
// The cost model, calibrated: its constants, what it says of runs that were measured, and of many workers.

#include "report.hpp"

namespace report {

using lstmlib::Index;

inline constexpr double vocabulary = 7142;

/// What the steps of one kind of worker take; nothing where it was not calibrated.
inline std::optional<cost::Compute> compute_of(const Measured& m, const std::string& side, int threads) {
  const auto value = [&](const char* name) {
    return m.median("calibrate", std::string("calibrate/") + name, side, threads);
  };
  if (!value("fixed")) return std::nullopt;
  return cost::Compute{*value("fixed") * 1e-3, *value("optimizer") * 1e-3, *value("per word") * 1e-6,
                       *value("spread") * 1e-2};
}
/// What processes that share this machine see of each other.
inline std::optional<cost::Network> network_of(const Measured& m, const std::string& side) {
  const auto value = [&](const char* name) {
    return m.median("calibrate", std::string("calibrate/") + name, side, 2);
  };
  if (!value("gather")) return std::nullopt;
  const double latency = *value("gather") * 1e-6 / 2;  // two collective calls, one message each way
  return cost::Network{latency, latency / 4, 1e15, *value("sums") * 1e9, *value("rows") * 1e9, false};
}
/// Of a link's rate, what MPI over TCP reaches with bytes going both ways at once: from the run with the
/// whole table over 1,000 Mbit/s, 12 MB each way; the other runs over links are predicted with it.
constexpr double reached_rate = 0.75;

/// Workers with a link each, whose bytes travel beside the work of the cores; they handle them as over TCP
/// here.
inline cost::Network cluster(const cost::Network& tcp, double gigabits, double latency) {
  cost::Network net = tcp;
  net.latency = latency;
  net.bandwidth = reached_rate * gigabits * 1e9 / 8;
  net.overlaps = true;
  return net;
}

inline Table constants_table(const Measured& m) {
  Table table{
      "Constants of the cost model",
      "Medians over the rounds with their ranges. A step of one worker takes fixed + words x per word.",
      {"workers", "constant", "value"},
      {}};
  for (const Comparison& c : m.results().comparisons) {
    if (c.part != "calibrate") continue;
    for (const Variant& v : c.variants) {
      const std::string who =
          v.side + ", " + std::to_string(c.threads) + (c.threads == 1 ? " thread" : " threads");
      table.rows.push_back({who, c.name.substr(c.name.find('/') + 1), text_of(v.spread()) + ' ' + c.unit});
      table.values.push_back(
          {{"workers", who}, {"constant", c.name}, {"unit", c.unit}, {"value", json_of(v.spread())}});
    }
  }
  return table;
}

/// Runs that were measured beside what the model says of them.
inline Table check_table(const Measured& m, const cost::Sentences& sentences) {
  Table table{
      "The model against what was measured",
      "Milliseconds of a step. The model knows steps of single workers with batches of 8, 16, 32 and 64, how "
      "long two processes take for sums and rows of other sizes, and what part of a link's rate is reached, "
      "which is from the run with the whole table over 1,000 Mbit/s; it was not fitted to any other of these "
      "runs. The links are two network namespaces with a token bucket.",
      {"run", "measured", "model", "error, %", "of it computing", "waiting", "exchange"},
      {}};
  const auto model = cost::classifier(300, 1, vocabulary);
  const auto add = [&](const std::string& run, const Variant* measured,
                       const std::optional<cost::Compute>& compute, const std::optional<cost::Network>& net,
                       int workers, Index batch, bool rows = true) {
    if (!measured || !compute || (workers > 1 && !net)) return;
    auto trained = model;
    trained.rows_may_travel = rows;
    const cost::Step step =
        cost::mean_step(trained, *compute, net.value_or(cost::Network{}), sentences, workers, batch);
    const double ms = step.total * 1e3, error = 100 * (ms / measured->spread().median - 1);
    table.rows.push_back({run, text_of(measured->spread()), fixed(ms), fixed(error, 1),
                          fixed(step.compute * 1e3), fixed(step.waiting * 1e3), fixed(step.exchange * 1e3)});
    table.values.push_back({{"run", run},
                            {"measured_ms", json_of(measured->spread())},
                            {"model_ms", ms},
                            {"error_percent", error}});
  };
  const auto alone = compute_of(m, "1 process", 1), of_two = compute_of(m, "1 process", 2),
             beside = compute_of(m, "2 processes", 2);
  const auto memory = network_of(m, "2 processes"), tcp = network_of(m, "2 processes over TCP");
  add("1 process, 1 thread, batch 64", m.find("ranks", "batch/64/step", "1 process", 1), alone, {}, 1, 64);
  add("1 process, 1 thread, batch 128", m.find("ranks", "batch/128/step", "1 process", 1), alone, {}, 1, 128);
  add("1 process, 2 threads, batch 64", m.find("ranks", "batch/64/step", "1 process", 2), of_two, {}, 1, 64);
  add("1 process, 2 threads, batch 128", m.find("ranks", "batch/128/step", "1 process", 2), of_two, {}, 1,
      128);
  for (const int batch : {32, 64, 128, 256})
    add("2 processes, global batch " + std::to_string(batch),
        m.find("ranks", "batch/" + std::to_string(batch) + "/step", "2 processes", 2), beside, memory, 2,
        batch);
  for (const int megabits : {1000, 200}) {
    std::optional<cost::Network> net;
    if (tcp) net = cluster(*tcp, megabits / 1e3, tcp->latency);
    const std::string part = "link-" + std::to_string(megabits),
                      over = ", over " + std::to_string(megabits) + " Mbit/s";
    add("2 processes, global batch 64" + over, m.find(part, "batch/64/step", "rows", 2), beside, net, 2, 64);
    add("2 processes, global batch 64, whole table" + over, m.find(part, "batch/64/step", "whole table", 2),
        beside, net, 2, 64, false);
  }
  return table;
}

/// A model for many workers.
struct Trained {
  const char* name;
  const char* side;  ///< that was calibrated
  double units;
  int layers;
};
inline constexpr Trained trained_models[] = {
    {"1 layer of 300", "1 process", 300, 1},
    {"2 layers of 1,024", "1 process, 2 layers of 1,024 units", 1024, 2}};

/// Assumptions of a network.
struct Link {
  double gigabits, latency;
};
inline constexpr Link links[] = {{10, 30e-6}, {25, 30e-6}, {100, 5e-6}};

struct Workers {
  cost::Compute compute;
  cost::Network net;
};
/// So many times as fast as this machine's two cores.
inline std::optional<Workers> many_workers(const Measured& m, const Trained& what, Link link, double faster) {
  auto compute = compute_of(m, what.side, 2);
  const auto tcp = network_of(m, "2 processes over TCP");
  if (!compute || !tcp) return std::nullopt;
  compute->fixed /= faster, compute->optimizer /= faster, compute->per_word /= faster;
  compute->spread = 0.03;
  auto net = cluster(*tcp, link.gigabits, link.latency);
  net.per_message = 1e-6;
  net.sum_handling *= faster, net.row_handling *= faster;
  return Workers{*compute, net};
}

/// How much many workers reach.
inline Table prediction_table(const Measured& m, const cost::Sentences& sentences) {
  Table table{"Predictions",
              "Efficiency: the throughput of n workers by n times that of one. A worker is a process with "
              "this machine's "
              "two cores on a host of its own; 16x: one that computes and handles bytes 16 times as fast, as "
              "a large host "
              "or a GPU may. Assumed, not measured: that factor, latencies of 30 us at 10 and 25 Gbit/s and "
              "5 us at 100, "
              "1 us for each further message, and a spread of 3 % of a worker's time. Weak: 64 sentences "
              "each. Strong: 1,024 "
              "together.",
              {"model", "workers", "numbers", "network", "weak: 8", "64", "512", "strong: 8", "64", "512"},
              {}};
  for (const Trained& what : trained_models)
    for (const double faster : {1.0, 16.0})
      for (const Link& link : links)
        for (const double bytes : {4.0, 2.0}) {
          const auto workers = many_workers(m, what, link, faster);
          if (!workers) continue;
          const auto model = cost::classifier(what.units, what.layers, vocabulary, bytes);
          const char* numbers = bytes == 4 ? "exact" : "bf16";
          std::vector<std::string> row{what.name, faster > 1 ? "16x" : "1x", numbers,
                                       fixed(link.gigabits, 0) + " Gbit/s"};
          ordered_json values{
              {"model", what.name}, {"faster", faster}, {"numbers", numbers}, {"gigabits", link.gigabits}};
          const auto add = [&](const char* name, auto efficiency, Index batch) {
            for (const int count : {8, 64, 512}) {
              const double value = efficiency(model, workers->compute, workers->net, sentences, count, batch);
              row.push_back(fixed(value));
              values[name][std::to_string(count)] = value;
            }
          };
          add("weak", cost::weak_efficiency, 64);
          add("strong", cost::strong_efficiency, 1024);
          table.rows.push_back(row);
          table.values.push_back(values);
        }
  return table;
}

/// Why it is not more.
inline Table limits_table(const Measured& m, const cost::Sentences& sentences) {
  Table table{"What a predicted step is made of",
              "Weak scaling, 64 sentences a worker, exact numbers over 10 Gbit/s.",
              {"model", "workers", "step, ms", "computing", "waiting", "exchange", "sent, MB: dense", "rows"},
              {}};
  for (const Trained& what : trained_models)
    for (const int count : {1, 8, 64, 512}) {
      const auto workers = many_workers(m, what, links[0], 1);
      if (!workers) continue;
      const auto step =
          cost::mean_step(cost::classifier(what.units, what.layers, vocabulary), workers->compute,
                          workers->net, sentences, count, 64 * count, std::max(10, 400 / count));
      table.rows.push_back({what.name, std::to_string(count), fixed(step.total * 1e3, 1),
                            fixed(step.compute * 1e3, 1), fixed(step.waiting * 1e3, 1),
                            fixed(step.exchange * 1e3, 1), fixed(step.dense_bytes * 1e-6, 1),
                            fixed(step.row_bytes * 1e-6, 1)});
      table.values.push_back({{"model", what.name},
                              {"workers", count},
                              {"step_ms", step.total * 1e3},
                              {"computing_ms", step.compute * 1e3},
                              {"waiting_ms", step.waiting * 1e3},
                              {"exchange_ms", step.exchange * 1e3},
                              {"dense_mb", step.dense_bytes * 1e-6},
                              {"rows_mb", step.row_bytes * 1e-6}});
    }
  return table;
}

}  // namespace report
