// SPDX-License-Identifier: MIT
#pragma once
// The constants of the cost model on this machine.

#include "cost_model.hpp"
#include "together.hpp"
#include "training.hpp"

#include <lstmlib/distributed/table_sum.hpp>

#include <map>
#include <memory>

namespace side {

/// Steps without others, of all processes at the same time: shares of the memory and its caches count.
struct ComputeCalibration {
  ComputeCalibration(const workload::Corpus& corpus, Sizes sizes, std::vector<Index> batch_sizes)
      : sentences(dataset(corpus.train)), parts(sentences, sizes) {
    for (const Index batch : batch_sizes) {
      batches.push_back(
          std::make_unique<Batches>(sentences, data::IteratorOptions{.batch_size = batch, .seed = 1}));
      updaters.push_back(std::make_unique<Standard>(*batches.back(), parts.model, parts.adam, parts));
      updaters.back()->update();
    }
  }
  void measure(distributed::Communicator& all,
               const std::function<void(const char*, double, const char*)>& tell, int steps) {
    std::vector<double> words, seconds, optimizer;
    for (int i = 0; i < steps; ++i)
      for (auto& updater : updaters) {
        seconds.push_back(seconds_of([&] { updater->update(); }));
        words.push_back(static_cast<double>(parts.words_of_last_batch));
      }
    for (int i = 0; i < 5; ++i) optimizer.push_back(seconds_of([&] { parts.adam.step(); }));
    const cost::Line line = cost::fit(words, seconds);
    tell("fixed", mean_of_all(all, line.at_zero) * 1e3, "ms");
    tell("per word", mean_of_all(all, line.slope) * 1e6, "us");
    tell("spread", mean_of_all(all, line.spread) * 1e2, "%");
    tell("optimizer", mean_of_all(all, median(optimizer)) * 1e3, "ms");
  }

  data::LabelledSequences sentences;
  Parts parts;
  std::vector<std::unique_ptr<Batches>> batches;
  std::vector<std::unique_ptr<Standard>> updaters;
};

/// What the calls of a communicator take that a step makes, of two processes.
inline void measure_network(distributed::Communicator& all,
                            const std::function<void(const char*, double, const char*)>& tell) {
  const std::vector<std::byte> few(100);
  const auto median_of = [&](int count, auto work) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
      all.barrier();
      times.push_back(seconds_of(work));
    }
    return mean_of_all(all, median(times));
  };
  const double gather = median_of(50, [&] { all.all_gather(few); });
  tell("gather", gather * 1e6, "us");

  const auto small = Tensor<float>::zeros({100'000}), large = Tensor<float>::zeros({1'600'000});
  const auto sum = [&](const Tensor<float>& values) { all.all_reduce(values); };
  const double of_small = median_of(15, [&] { sum(small); }), of_large = median_of(15, [&] { sum(large); });
  const double sent =
      2.0 * (all.size() - 1) / all.size() * 4 * static_cast<double>(large.size() - small.size());
  tell("sums", sent / (of_large - of_small) * 1e-9, "GB/s");

  constexpr Index rows = 500, columns = 300;
  const Variable<float> table(Tensor<float>::zeros({7142, columns}));
  std::vector<std::int32_t> ids(rows);
  for (Index i = 0; i < rows; ++i)
    ids[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * 7 + all.rank() * 3);
  const auto id_tensor = Tensor<std::int32_t>::from(ids, {rows});
  const auto values = Tensor<float>::zeros({rows, columns});
  const double of_rows = median_of(15, [&] {
    table.set_sparse_grad({id_tensor, values});
    distributed::all_reduce_tables<float>(all, {table}, distributed::GradientCompression::none, true);
  });
  tell("rows", all.size() * rows * (columns * 4.0 + 4) / (of_rows - 2 * gather) * 1e-9, "GB/s");
}

}  // namespace side
