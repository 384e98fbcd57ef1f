// SPDX-License-Identifier: MIT
// Triggers, schedules and stopping with numbers outside their range.
#include "lstmlib/core.hpp"
#include "lstmlib/train/schedule.hpp"
#include "lstmlib/train/snapshot.hpp"
#include "lstmlib/train/value_trigger.hpp"
#include "support.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), infinite = INFINITY;
}

TEST_CASE("options: periods of triggers are positive") {
  for (const double period : {not_a_number, infinite, 0.0, -1.0})
    CHECK_THROWS_AS(train::epochs(period), ValueError);
  for (const Index period : {Index{0}, Index{-1}, std::numeric_limits<Index>::min()})
    CHECK_THROWS_AS(train::iterations(period), ValueError);
  CHECK_THROWS_WITH_AS(train::epochs(-2), "trigger: epochs is -2, expected a finite number above 0",
                       ValueError);
  for (const Index patience : {Index{0}, Index{-3}})
    CHECK_THROWS_AS(train::early_stopping({.patience = patience}), ValueError);
  CHECK_THROWS_AS(train::snapshot({.keep = -1}), ValueError);
}

TEST_CASE("options: schedules take finite numbers") {
  double rate = 0.1;
  for (const double number : {not_a_number, infinite, -infinite}) {
    CHECK_THROWS_AS(train::exponential_shift(rate, number), ValueError);
    CHECK_THROWS_AS(train::exponential_shift(rate, 0.5, number), ValueError);
    CHECK_THROWS_AS(train::linear_shift(rate, {number, 1, 0, 1}), ValueError);
    CHECK_THROWS_AS(train::linear_shift(rate, {1, number, 0, 1}), ValueError);
    CHECK_THROWS_AS(train::step_shift(rate, number, 1), ValueError);
    CHECK_THROWS_AS(train::warmup_shift(rate, number, 1), ValueError);
  }
  CHECK_THROWS_AS(train::exponential_shift(rate, -0.5), ValueError);
  CHECK_THROWS_AS(train::linear_shift(rate, {0, 1, 5, 4}), ValueError);
  CHECK_THROWS_AS(train::linear_shift(rate, {0, 1, -1, 4}), ValueError);
  for (const Index calls : {Index{0}, Index{-1}}) {
    CHECK_THROWS_AS(train::step_shift(rate, 0.5, calls), ValueError);
    CHECK_THROWS_AS(train::warmup_shift(rate, 0.5, calls), ValueError);
  }
  CHECK_THROWS_AS(train::schedule(rate, nullptr), ValueError);
}

TEST_CASE("options: a value that a schedule computes is finite, or refused before it is set") {
  struct NoUpdates final : train::Updater {
    train::Observation update() override { return {}; }
    Index iteration() const override { return 0; }
    Index epoch() const override { return 0; }
    double epoch_detail() const override { return 0; }
    double previous_epoch_detail() const override { return -1; }
    void serialize(io::Serializer&) override {}
  } updater;
  train::Trainer trainer(updater, {.stop = train::never()});
  double rate = 0.1;
  train::ScheduleExtension schedule("Own", rate, [](Index t) { return t < 1 ? 0.2 : not_a_number; });
  schedule.initialize(trainer);
  CHECK(rate == 0.2);
  CHECK_THROWS_WITH_AS(schedule(trainer), "Own: the value after 1 calls is nan, expected a finite number",
                       ValueError);
  CHECK(rate == 0.2);
  for (const double last : {not_a_number, infinite}) {
    io::Archive file;
    file.add("_t", io::Array::scalar(Index{3}));
    file.add("_last_value", io::Array::scalar(last));
    CHECK_THROWS_AS(io::from_archive(file, schedule), FormatError);
  }
  io::Archive file;
  file.add("_t", io::Array::scalar(Index{-3}));
  CHECK_THROWS_AS(io::from_archive(file, schedule), FormatError);
}
