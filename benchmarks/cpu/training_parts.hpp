// SPDX-License-Identifier: MIT
#pragma once
// Training: whole epochs, steps of all sizes, and the memory that an epoch needs.

#include "model.hpp"
#include "samples.hpp"
#include "side.hpp"

#include <lstmlib/data/order.hpp>
#include <lstmlib/lstmlib.hpp>

#include <array>
#include <fstream>
#include <memory>
#include <string>

namespace side {

/// Of forward and backward pass: six products of rows with [4 hidden, hidden] weights, three of them without
/// the first step, which has no state to multiply.
inline double lstm_operations(const std::vector<Batch>& batches, double hidden) {
  double products = 0;
  for (const Batch& batch : batches)
    products += static_cast<double>(6 * batch.tokens.layout->rows() - 3 * batch.tokens.sequences());
  return products * 8 * hidden * hidden;
}

enum class Order { shuffled, bucketed };

/// Whole epochs over batches of 64, after a first one that is not counted.
inline int train_part(const workload::Corpus& corpus, const std::string& name, Order order,
                      Precision precision = Precision::fp32) {
  constexpr Index batch_size = 64;
  const auto lengths = lengths_of(corpus.train);
  const auto count = std::ssize(corpus.train);
  Training training(corpus.words, 300, precision);
  Index epochs = 0;
  const auto batches_of_epoch = [&] {
    const Index epoch = epochs++;
    const auto rows = order == Order::bucketed ? data::bucketed_order(lengths, batch_size, 0, 1, epoch)
                                               : data::shuffled_order(count, 1, epoch);
    return make_batches(corpus.train, rows, batch_size);
  };
  training.epoch(batches_of_epoch());
  return serve_rounds([&, variant = std::string(name_of(precision))] {
    const auto batches = batches_of_epoch();
    const Samples samples;
    const double seconds = seconds_of([&] { training.epoch(batches); });
    const double in_products = samples.seconds_in("product");
    const double speed = static_cast<double>(count) / seconds;
    report({name, variant, cpu::threads(), speed, "sentences/s"});
    if (precision == Precision::bf16)
      report({name + " beside float32", variant, cpu::threads(), speed, "sentences/s"});
    const double operations = lstm_operations(batches, 300) * 1e-9;
    report({"train/arithmetic", variant, cpu::threads(), operations / seconds, "GFLOP/s"});
    if (in_products > 0)
      report(
          {"train/products", variant, cpu::threads(), operations / in_products * cpu::threads(), "GFLOP/s"});
  });
}

/// A step of training at each point of the sweeps, on the same made sentences as the other sides.
inline int scaling_part(bool quick) {
  struct Point {
    std::string name;
    std::unique_ptr<Training> training;
    Batch batch;
  };
  const double budget = quick ? 0.01 : 0.1;
  std::vector<Point> points;
  for (const auto& sweep : workload::sweeps(quick))
    for (const std::int32_t value : sweep.values) {
      workload::StepSizes sizes;
      sizes.*sweep.size = value;
      const auto sentences = workload::made_sentences(static_cast<std::size_t>(sizes.batch),
                                                      static_cast<std::size_t>(sizes.length), sizes.words);
      auto batches = make_batches(sentences, data::rising_order(sizes.batch), sizes.batch);
      points.push_back({std::string("scaling/") + sweep.name + "/" + std::to_string(value),
                        std::make_unique<Training>(sizes.words, sizes.hidden), std::move(batches[0])});
      points.back().training->step(points.back().batch);
    }
  return serve_rounds([&] {
    for (Point& point : points) {
      const auto times = repeated(budget, 3, [&] { point.training->step(point.batch); });
      report({point.name, "fp32", cpu::threads(), median(times) * 1e3, "ms"});
    }
  });
}

/// The most memory that the process had so far, in MB (10^6 bytes). Throws where the system does not tell.
inline double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == "VmHWM:" && status >> kib) return kib * 1024e-6;
  throw std::runtime_error("/proc/self/status does not tell the peak of memory");
}

/// The peak of memory in an epoch of training, and the part of it that the process did not have before.
inline int memory_part(const workload::Corpus& corpus) {
  const double before = peak_memory();
  Training training(corpus.words, 300);
  training.epoch(make_batches(corpus.train, data::shuffled_order(std::ssize(corpus.train), 1, 0), 64));
  const double peak = peak_memory();
  return serve_rounds([&] {
    report({"memory/whole process", "fp32", cpu::threads(), peak, "MB"});
    report({"memory/training alone", "fp32", cpu::threads(), peak - before, "MB"});
  });
}

}  // namespace side
