// SPDX-License-Identifier: MIT
// Several processes against one: the same run but for rounding.

#include "distributed/threads.hpp"
#include "distributed/training.hpp"

#include <mutex>

namespace lstmlib::test {
namespace {

/// The outcomes of all processes.
template <Real T>
std::vector<Outcome<T>> train_in_threads(int size, const TrainingOptions& options,
                                         distributed::ReducerOptions exchange = {}) {
  std::vector<Outcome<T>> outcomes(static_cast<std::size_t>(size));
  in_threads(size, [&](ThreadCommunicator& all) {
    outcomes[static_cast<std::size_t>(all.rank())] = train_together<T>(all, options, exchange);
  });
  return outcomes;
}

template <Real T>
void check_against_one(const TrainingOptions& options, double tolerance,
                       distributed::ReducerOptions exchange = {}) {
  const Outcome<T> alone = train_alone<T>(options);
  for (const int size : {1, 2, 3, 4}) {
    CAPTURE(size);
    const auto outcomes = train_in_threads<T>(size, options, exchange);
    for (const auto& outcome : outcomes) CHECK(outcome.parameters == outcomes.front().parameters);
    const Outcome<T>& together = outcomes.front();
    CHECK(difference(alone.parameters, together.parameters) <= (size == 1 ? 0 : tolerance));
    REQUIRE(alone.losses.size() == together.losses.size());
    for (std::size_t i = 0; i < alone.losses.size(); ++i)
      CHECK(std::abs(alone.losses[i] - together.losses[i]) <= (size == 1 ? 0 : tolerance));
    CHECK(alone.accuracy_weights == together.accuracy_weights);
    CHECK(*alone.validation == doctest::Approx(*together.validation).epsilon(tolerance));
    CHECK(*alone.of_sentences == doctest::Approx(*together.of_sentences).epsilon(1e-12));
  }
}

TEST_CASE("updater: 1 to 4 processes follow one, in double") {
  check_against_one<double>({.epochs = 2}, 1e-11);
}

TEST_CASE("updater: 1 to 4 processes follow one, in float") { check_against_one<float>({.epochs = 2}, 2e-5); }

TEST_CASE("updater: dropout does not depend on the number of processes") {
  check_against_one<double>({.dropout = 0.4}, 1e-11);
}

TEST_CASE("updater: batches by length, more processes than sentences, whole tables, small buckets") {
  check_against_one<double>({.by_length = true}, 1e-11);
  check_against_one<double>({.batch_size = 3, .sentences = 7}, 1e-11);
  check_against_one<double>({}, 1e-11, {.rows = false});
  check_against_one<double>({}, 1e-11, {.bucket_bytes = 1});
  check_against_one<double>({}, 1e-11, {.bucket_bytes = 1 << 20, .overlap = false});
}

TEST_CASE("updater: gradients in bfloat16 are near, and the same in all processes") {
  const TrainingOptions options{.epochs = 2};
  const auto exact = train_in_threads<float>(3, options),
             rounded =
                 train_in_threads<float>(3, options, {.compression = distributed::GradientCompression::bf16});
  CHECK(rounded[0].parameters == rounded[2].parameters);
  const double off = difference(exact[0].parameters, rounded[0].parameters);
  CHECK(off > 0);
  CHECK(off < 0.001);  // measured: 0.00047. The sums themselves are in table_sum_test and in those of MPI
}

TEST_CASE(
    "updater: a table that is used whole in some steps, and by some processes, has the right gradient") {
  const auto steps = [](Training<double>& training, train::Updater& updater) {
    for (int step = 0; step < 6; ++step) updater.update();
    return training.parameters();
  };
  const auto objective_of = [](Training<double>& training) {
    return [&training, step = 0](const data::LabelledTokens& batch, train::Observation& seen) mutable {
      const auto loss = training(batch, seen);
      const bool whole = ++step % 3 == 0;
      return whole ? ops::add(loss, ops::mean(ops::tanh(training.model.embedding.weight))) : loss;
    };
  };
  Training<double> alone({});
  auto objective = objective_of(alone);
  train::StandardUpdater updater(alone.batches, alone.model, alone.adam, objective);
  const auto expected = steps(alone, updater);
  in_threads(3, [&](ThreadCommunicator& all) {
    Training<double> training({});
    auto its_objective = objective_of(training);
    distributed::ParallelUpdater together(all, training.batches, training.model, training.adam,
                                          its_objective);
    CHECK(difference(steps(training, together), expected) < 1e-11);
  });
}

TEST_CASE("updater: groups, and parameters that are frozen for a part of the run, as in one process") {
  // From step 3 on the table and the first layer are trained, and the output no longer.
  const auto run = [](Training<double>& training, train::Updater& updater) {
    training.adam.add_group({.path = "encoder", .learning_rate_factor = 0.3, .decay_factor = 0});
    training.model.freeze("embedding");
    training.model.freeze("encoder/0");
    for (int step = 0; step < 6; ++step) {
      if (step == 3) training.model.unfreeze(), training.model.freeze("output");
      updater.update();
    }
    training.model.unfreeze();
    return training.parameters();
  };
  Training<double> alone({});
  train::StandardUpdater updater(alone.batches, alone.model, alone.adam, alone);
  const auto expected = run(alone, updater);
  for (const std::size_t bucket_bytes : {std::size_t{1}, std::size_t{1} << 20})
    in_threads(3, [&](ThreadCommunicator& all) {
      Training<double> training({});
      distributed::ParallelUpdater together(all, training.batches, training.model, training.adam,
                                            [&](auto&, const data::LabelledTokens& batch,
                                                train::Observation& seen) { return training(batch, seen); },
                                            {.bucket_bytes = bucket_bytes});
      CHECK(difference(run(training, together), expected) < 1e-11);
    });
}

TEST_CASE("updater: rows of a table travel where they are fewer bytes") {
  for (const Index words : {Index{40}, Index{100'000}})
    in_threads(2, [&](ThreadCommunicator& all) {
      Training<float> training({.words = words, .units = 4, .sentences = 32});
      distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, training);
      updater.update();
      updater.update();
      const auto projection_cache_bytes =
          static_cast<std::size_t>(words * 4) * sizeof(float);  // 2 (n - 1) / n is 1
      CHECK((updater.traffic().row_bytes > 0) == (words > 40));
      CHECK((updater.traffic().dense_bytes >= projection_cache_bytes) == (words == 40));
    });
}

TEST_CASE("updater: the watch is told of each leaf once, when its gradient is complete") {
  Training<double> training({});
  train::Observation seen;
  const auto loss = training(training.batches.next(), seen);
  std::vector<const void*> leaves;
  std::vector<std::vector<double>> then;
  backward(loss, 1.0, [&](const void* leaf) {
    leaves.push_back(leaf);
    training.adam.parameters().for_each([&]<Real T>(optim::Entry<T>& entry) {
      if (entry.parameter.state().get() != leaf || entry.parameter.sparse_grad()) return;
      const auto values = entry.parameter.grad().values();
      then.emplace_back(values.begin(), values.end());
    });
  });
  std::size_t parameters = 0, whole = 0;
  training.adam.parameters().for_each([&]<Real T>(optim::Entry<T>& entry) {
    ++parameters;
    const auto at = std::find(leaves.begin(), leaves.end(), entry.parameter.state().get());
    REQUIRE(at != leaves.end());
    if (entry.parameter.sparse_grad()) return;
    const auto values = entry.parameter.grad().values();
    ++whole;
    CHECK(std::count_if(then.begin(), then.end(), [&](const auto& kept) {
            return std::equal(kept.begin(), kept.end(), values.begin(), values.end());
          }) >= 1);
  });
  CHECK(leaves.size() == parameters);
  CHECK(then.size() == whole);
  CHECK(whole + 1 == parameters);
}

TEST_CASE("updater: a loss that is not finite ends all processes, and the rank is named") {
  std::mutex mutex;
  std::vector<std::string> texts;
  in_threads(3, [&](ThreadCommunicator& all) {
    Training<float> training({});
    int step = 0;
    auto objective = [&](const data::LabelledTokens& batch, train::Observation& seen) {
      auto loss = training(batch, seen);
      if (all.rank() == 1 && ++step == 3)
        loss.mutable_value().mutable_values()[0] = std::numeric_limits<float>::quiet_NaN();
      return loss;
    };
    distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, objective);
    try {
      for (int i = 0; i < 5; ++i) updater.update();
    } catch (const distributed::AgreedError& error) {
      const std::lock_guard lock(mutex);
      texts.push_back(error.what());
    }
  });
  REQUIRE(texts.size() == 3);
  for (const auto& text : texts)
    CHECK(text == "training diverged: the loss is not finite after iteration 3 in rank 1 of 3 (on host0)");
}

}  // namespace
}  // namespace lstmlib::test
