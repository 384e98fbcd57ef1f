// SPDX-License-Identifier: MIT
// Real processes against one: the same run but for rounding.

#include "distributed/mpi/processes.hpp"
#include "distributed/training.hpp"

namespace lstmlib::test {
namespace {

TrainingOptions options_here(TrainingOptions options) {
  options.folder = scratch(message("mpi_", processes()->size(), '_', processes()->rank()));
  return options;
}

template <Real T>
void check_against_one(TrainingOptions given, double tolerance, distributed::ReducerOptions exchange = {}) {
  auto& all = *processes();
  const TrainingOptions options = options_here(given);
  const auto together = train_together<T>(all, options, exchange);
  const auto alone = train_alone<T>(options);
  CHECK(difference(alone.parameters, together.parameters) <= (all.size() == 1 ? 0 : tolerance));
  REQUIRE(alone.losses.size() == together.losses.size());
  for (std::size_t i = 0; i < alone.losses.size(); ++i)
    CHECK(alone.losses[i] == doctest::Approx(together.losses[i]).epsilon(tolerance));
  CHECK(*alone.validation == doctest::Approx(*together.validation).epsilon(tolerance));
  const auto parts = all.all_gather(std::as_bytes(std::span(together.parameters)));
  for (const auto& part : parts) CHECK(part == parts.front());
}

TEST_CASE("mpi: processes follow one over epochs, in double and in float") {
  check_against_one<double>({.epochs = 2}, 1e-11);
  check_against_one<float>({.epochs = 2}, 2e-5);
  check_against_one<double>({.dropout = 0.4, .by_length = true}, 1e-11);
  check_against_one<double>({}, 1e-11, {.bucket_bytes = 1000, .rows = false});
}

TEST_CASE("mpi: a loss that is not finite in one process ends all, and its rank is named") {
  auto& all = *processes();
  Training<float> training(options_here({}));
  int step = 0;
  auto objective = [&](const data::LabelledTokens& batch, train::Observation& seen) {
    auto loss = training(batch, seen);
    if (all.rank() == all.size() - 1 && ++step == 2)
      loss.mutable_value().mutable_values()[0] = std::numeric_limits<float>::infinity();
    return loss;
  };
  distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, objective);
  updater.update();
  std::string text;
  try {
    updater.update();
  } catch (const distributed::AgreedError& error) { text = error.what(); }
  CHECK(says(text, message("the loss is not finite after iteration 2 in rank ", all.size() - 1, " of ")));
}

TEST_CASE("mpi: gradients in bfloat16 are near, and the same in all processes") {
  auto& all = *processes();
  const TrainingOptions options = options_here({.epochs = 2});
  const auto exact = train_together<float>(all, options),
             rounded =
                 train_together<float>(all, options, {.compression = distributed::GradientCompression::bf16});
  const auto parts = all.all_gather(std::as_bytes(std::span(rounded.parameters)));
  for (const auto& part : parts) CHECK(part == parts.front());
  const double off = difference(exact.parameters, rounded.parameters);
  CHECK((off > 0) == (all.size() > 1));
  CHECK(off < 0.001);  // the sums themselves are in communicator_test
}

}  // namespace
}  // namespace lstmlib::test
