// SPDX-License-Identifier: MIT
#pragma once
// What a step of training on several workers costs: computing, waiting for the slowest shard, and bytes and
// messages between them. The formulas are explained in docs/results/distributed.md.

#include "lstmlib/data/shard.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace cost {

using lstmlib::Index;
using Sentences = std::vector<std::vector<std::int32_t>>;  ///< numbers of words, some in each

/// Seconds of one worker's step without others.
struct Compute {
  double fixed;      ///< whatever the batch, the optimizer's part too
  double optimizer;  ///< of `fixed`: after the gradients are there
  double per_word;
  double spread;  ///< standard deviation of a step's time, as a part of it
};

/// What connects the workers.
struct Network {
  double latency;       ///< seconds from one worker to another
  double per_message;   ///< seconds of a worker for each further one that it talks to at the same time
  double bandwidth;     ///< bytes/s of each worker, each way
  double sum_handling;  ///< bytes/s that a worker copies and adds of sums that it sends
  double row_handling;  ///< bytes/s that a worker copies and adds of rows, its own and all others'
  bool overlaps;        ///< whether sums travel during the backward pass; not where the cores move the bytes
};

/// What is trained.
struct Model {
  std::vector<double>
      layers;         ///< bytes of gradients, the last layer first: as the backward pass completes them
  double table_rows;  ///< of the embedding
  double row_bytes;
  bool rows_may_travel = true;  ///< of the table; else the whole of it always does
};

/// A sentence classifier's gradients in float32, or in bfloat16 with 2 bytes a number.
inline Model classifier(double units, int layers, double words, double bytes_a_number = 4) {
  const double layer = (8 * units * units + 8 * units) * bytes_a_number;
  return {std::vector<double>(static_cast<std::size_t>(layers), layer), words, units * bytes_a_number};
}

/// Every process hears a few bytes of every other one: their number, then the bytes (Communicator::all_gather).
inline double small_gather(int workers, const Network& net) {
  return workers == 1 ? 0 : 2 * std::ceil(std::log2(workers)) * net.latency;
}
/// Of bytes that all have: each worker sums one part and sends it to all (mpi::detail::Sum).
inline double sum(int workers, double bytes, const Network& net) {
  if (workers == 1) return 0;
  const double sent = 2 * bytes * (workers - 1) / workers;
  return 2 * (net.latency + (workers - 2) * net.per_message) + sent / net.bandwidth + sent / net.sum_handling;
}
/// Of rows, `bytes` of them from each worker on average (distributed::all_reduce_tables).
inline double sum_of_rows(int workers, double bytes, const Network& net) {
  if (workers == 1) return 0;
  return 2 * (net.latency + (workers - 2) * net.per_message) + bytes * (workers - 1) / net.bandwidth +
         bytes * workers / net.row_handling;
}

/// Seconds of a step, and what it is made of; bytes that a worker sends.
struct Step {
  double total = 0, compute = 0, waiting = 0, exchange = 0, dense_bytes = 0, row_bytes = 0;
};

/// A step in which worker r has a share of words[r] words, rows[r] of them different, and computes
/// `slowness[r]` times as long as usual.
inline Step step(const Model& model, const Compute& compute, const Network& net,
                 std::span<const double> words, std::span<const double> rows,
                 std::span<const double> slowness) {
  const auto n = static_cast<int>(words.size());
  double slowest = 0, mean = 0, all_rows = 0;
  for (std::size_t r = 0; r < words.size(); ++r) {
    const double seconds = (compute.fixed + compute.per_word * words[r]) * slowness[r];
    slowest = std::max(slowest, seconds);
    mean += seconds / n;
    all_rows += rows[r];
  }
  Step result{.compute = mean, .waiting = slowest - mean};
  const double backward_ends = std::max(0.0, slowest - compute.optimizer);

  // The backward pass takes two thirds, each layer the same of it.
  const auto layers = static_cast<double>(model.layers.size());
  double done = 0, complete = 0;
  for (const double bytes : model.layers) {
    const double ready = backward_ends * (1 + 2 * ++complete / layers) / 3;
    done = std::max(done, net.overlaps ? ready : backward_ends) + sum(n, bytes, net);
    result.dense_bytes += 2 * bytes * (n - 1) / n;
  }
  done = std::max(done, backward_ends + small_gather(n, net));
  const double row = model.row_bytes + sizeof(std::int32_t), table = model.table_rows * model.row_bytes;
  if (model.rows_may_travel &&
      all_rows * row * (n - 1) / n < 2 * table * (n - 1) / n) {  // as the library decides
    done += sum_of_rows(n, all_rows / n * row, net);
    result.row_bytes = all_rows / n * row * (n - 1);
  } else {
    done += sum(n, table, net);
    result.dense_bytes += 2 * table * (n - 1) / n;
  }
  done += small_gather(n, net);  // what each observed
  result.total = done + (slowest - backward_ends);
  result.exchange = result.total - slowest;
  return result;
}

/// The mean of `draws` steps with sentences drawn at random, cut into shares as the library does.
inline Step mean_step(const Model& model, const Compute& compute, const Network& net,
                      const Sentences& sentences, int workers, Index batch, int draws = 40) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  Step mean;
  std::int32_t largest = 0;
  for (const auto& sentence : sentences)
    largest = std::max(largest, *std::max_element(sentence.begin(), sentence.end()));
  std::vector<int> last_seen(static_cast<std::size_t>(largest) + 1, -1);
  int share = 0;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<const std::vector<std::int32_t>*> drawn;
    std::vector<Index> lengths;
    for (Index i = 0; i < batch; ++i) {
      drawn.push_back(&sentences[random() % sentences.size()]);
      lengths.push_back(static_cast<Index>(drawn.back()->size()));
    }
    const auto cuts = lstmlib::data::partition_by_cost(lengths, workers);
    std::vector<double> words, rows, slowness;
    for (std::size_t r = 0; r + 1 < cuts.size(); ++r, ++share) {
      double count = 0, different = 0;
      for (Index i = cuts[r]; i < cuts[r + 1]; ++i)
        for (const std::int32_t word : *drawn[static_cast<std::size_t>(i)]) {
          ++count;
          different += std::exchange(last_seen[static_cast<std::size_t>(word)], share) != share;
        }
      words.push_back(count);
      rows.push_back(different);
      slowness.push_back(std::max(0.5, 1 + compute.spread * normal(random)));
    }
    const Step one = step(model, compute, net, words, rows, slowness);
    for (double Step::*part : {&Step::total, &Step::compute, &Step::waiting, &Step::exchange,
                               &Step::dense_bytes, &Step::row_bytes})
      mean.*part += one.*part / draws;
  }
  return mean;
}

/// How much of `workers` times one worker's speed is reached, where each takes `batch` sentences.
inline double weak_efficiency(const Model& model, const Compute& compute, const Network& net,
                              const Sentences& sentences, int workers, Index batch) {
  constexpr int shares = 400;  // to draw
  return mean_step(model, compute, net, sentences, 1, batch, shares).total /
         mean_step(model, compute, net, sentences, workers, batch * workers, std::max(10, shares / workers))
             .total;
}
/// The same where all together take `batch` sentences.
inline double strong_efficiency(const Model& model, const Compute& compute, const Network& net,
                                const Sentences& sentences, int workers, Index batch) {
  return mean_step(model, compute, net, sentences, 1, batch).total /
         (workers * mean_step(model, compute, net, sentences, workers, batch).total);
}

/// A line through points, by least squares of the relative errors; points far off are left out.
struct Line {
  double at_zero, slope, spread;  ///< spread: of the points, as a part of the line
};
inline Line fit(std::span<const double> x, std::span<const double> y) {
  std::vector<bool> in(x.size(), true);
  Line line{};
  for (int pass = 0; pass < 3; ++pass) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!in[i]) continue;
      const double weight = 1 / (y[i] * y[i]);
      s += weight, sx += weight * x[i], sy += weight * y[i], sxx += weight * x[i] * x[i],
          sxy += weight * x[i] * y[i];
    }
    line.slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    line.at_zero = (sy - line.slope * sx) / s;
    std::vector<double> off;
    const auto relative = [&](std::size_t i) {
      return std::abs(y[i] / (line.at_zero + line.slope * x[i]) - 1);
    };
    for (std::size_t i = 0; i < x.size(); ++i) off.push_back(relative(i));
    auto sorted = off;
    std::sort(sorted.begin(), sorted.end());
    line.spread = 1.4826 * sorted[sorted.size() / 2];  // of a normal distribution with this median
    for (std::size_t i = 0; i < x.size(); ++i) in[i] = off[i] <= 3 * line.spread + 1e-9;
  }
  return line;
}

}  // namespace cost
