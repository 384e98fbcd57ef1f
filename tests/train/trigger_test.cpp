// SPDX-License-Identifier: MIT
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train/value_trigger.hpp"
#include "support.hpp"

#include <limits>

namespace lstmlib::test {
namespace {

/// The updates of a dataset of `per_epoch` batches, which need not be a whole number.
struct Clock {
  double per_epoch;
  train::Observation observation = {};
  train::Status at(Index iteration) const {
    const auto detail = [&](Index i) { return static_cast<double>(i) / per_epoch; };
    return {iteration, static_cast<Index>(detail(iteration)), detail(iteration),
            iteration > 0 ? detail(iteration - 1) : -1, &observation};
  }
};

/// The iterations up to `last` at which the trigger fires.
std::vector<Index> fires(train::Trigger& trigger, const Clock& clock, Index last, Index first = 1) {
  std::vector<Index> fired;
  for (Index i = first; i <= last; ++i)
    if (trigger(clock.at(i))) fired.push_back(i);
  return fired;
}

TEST_CASE("intervals fire when a multiple was passed") {
  auto each = train::iterations(1), third = train::iterations(3), epoch = train::epochs(1),
       half = train::epochs(0.5), second = train::epochs(2);
  CHECK(fires(each, {4}, 3) == std::vector<Index>{1, 2, 3});
  CHECK(fires(third, {4}, 10) == std::vector<Index>{3, 6, 9});
  CHECK(fires(epoch, {4}, 12) == std::vector<Index>{4, 8, 12});
  CHECK(fires(half, {4}, 8) == std::vector<Index>{2, 4, 6, 8});
  CHECK(fires(second, {4}, 17) == std::vector<Index>{8, 16});
}

TEST_CASE("batches over the border of an epoch count for the epoch that they begin") {
  auto epoch = train::epochs(1);
  CHECK(fires(epoch, {108.125}, 330) ==
        std::vector<Index>{109, 217, 325});  // 6920 sentences in batches of 64
}

TEST_CASE("an update of several epochs fires once") {
  auto epoch = train::epochs(1);
  CHECK(fires(epoch, {0.4}, 3) == std::vector<Index>{1, 2, 3});
}

TEST_CASE("a tenth of an epoch passes as often as the reference's division says") {
  auto tenth = train::epochs(0.1);
  // Python's quotients x // 0.1 of x = 0.1, 0.2, ..., 0.9 are 1, 2, 2, 4, 4, 5, 6, 8, 8.
  CHECK(fires(tenth, {10}, 9) == std::vector<Index>{1, 2, 4, 6, 7, 8});
}

TEST_CASE("lengths of runs are known") {
  CHECK(train::epochs(3).length().epochs == 3);
  CHECK(train::iterations(7).length().iterations == 7);
  CHECK(train::early_stopping({.limit = train::epochs(9)}).length().epochs == 9);
  CHECK(train::never().length().epochs == 0);
}

TEST_CASE("periods that are not positive are refused") {
  CHECK_THROWS_AS(train::epochs(0), Error);
  CHECK_THROWS_AS(train::epochs(-1), Error);
  CHECK_THROWS_AS(train::epochs(std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(train::iterations(0), Error);
  CHECK_THROWS_AS(train::early_stopping({.patience = 0}), Error);
}

TEST_CASE("never and once do what they say, also after a resume") {
  auto never = train::never(), once = train::once();
  CHECK(fires(never, {2}, 5).empty());
  CHECK(fires(once, {2}, 5) == std::vector<Index>{1});
  auto resumed = train::once();
  io::from_archive(io::to_archive(once), resumed);
  CHECK(fires(resumed, {2}, 9, 6).empty());
}

/// Iterations at which the trigger fires while "x" has these values.
std::vector<Index> fires_on(train::Trigger& trigger, double per_epoch, const std::vector<double>& values,
                            Index first = 1) {
  std::vector<Index> fired;
  Clock clock{per_epoch};
  for (std::size_t i = 0; i < values.size(); ++i) {
    clock.observation["x"] = values[i];
    if (trigger(clock.at(first + static_cast<Index>(i)))) fired.push_back(first + static_cast<Index>(i));
  }
  return fired;
}

TEST_CASE("the best value is the mean of an interval; the first of equal ones counts") {
  auto highest = train::max_value("x"), lowest = train::min_value("x"),
       each = train::max_value("x", train::iterations(1));
  const std::vector<double> values{1, 3, /**/ 2, 2, /**/ 9, -4, /**/ 0, 1};  // means 2, 2, 2.5, 0.5
  CHECK(fires_on(highest, 2, values) == std::vector<Index>{2, 6});
  CHECK(fires_on(lowest, 2, values) == std::vector<Index>{2, 8});
  CHECK(fires_on(each, 2, values) == std::vector<Index>{1, 2, 5});
}

TEST_CASE("a NaN is never the best value, and a missing observation changes nothing") {
  auto highest = train::max_value("x", train::iterations(1));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(fires_on(highest, 2, {nan, 1, nan, 2}) == std::vector<Index>{2, 4});
  CHECK(fires(highest, {2}, 8, 5).empty());
  CHECK(fires_on(highest, 2, {1, 3}, 9) == std::vector<Index>{10});
}

TEST_CASE("best values resume, in the middle of an interval too, and before the first") {
  const std::vector<double> values{1, 3, 0, 5, 2, 2, 9, -4};
  for (std::size_t cut = 0; cut < values.size(); ++cut) {
    auto whole = train::max_value("x"), first = train::max_value("x"), second = train::max_value("x");
    auto fired = fires_on(first, 2, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(cut)});
    io::from_archive(io::to_archive(first), second);
    for (const Index i :
         fires_on(second, 2, {values.begin() + static_cast<std::ptrdiff_t>(cut), values.end()},
                  1 + static_cast<Index>(cut)))
      fired.push_back(i);
    CAPTURE(cut);
    CHECK(fired == fires_on(whole, 2, values));
  }
}

TEST_CASE("the best value is saved as the reference's") {
  auto trigger = train::max_value("x");
  const auto fresh = io::to_archive(trigger);
  CHECK(fresh.names() == std::vector<std::string>{"interval_trigger/previous_iteration",
                                                  "interval_trigger/previous_epoch_detail", "summary/_names",
                                                  "best_value"});
  CHECK(fresh.at("best_value").objects.at(0).is_none());
  fires_on(trigger, 2, {1, 3, 5});
  const auto later = io::to_archive(trigger);
  CHECK(later.at("best_value").to<double>()[0] == 2);
  CHECK(later.at("summary/_names").strings()[0] == "[\"x\"]");
  CHECK(later.at("summary/_summaries/0/_x").to<double>()[0] == 5);
  CHECK(later.at("summary/_summaries/0/_x2").to<double>()[0] == 25);
  CHECK(later.at("summary/_summaries/0/_n").to<Index>()[0] == 1);
}

TEST_CASE("early stopping waits as many checks as it is patient, and resumes") {
  const auto make = [] {
    return train::early_stopping(
        {.monitor = "x", .patience = 2, .check = train::iterations(1), .limit = train::iterations(9)});
  };
  const auto make_high = [] {
    return train::early_stopping(
        {.monitor = "x", .better = train::Better::greater, .patience = 2, .check = train::iterations(1)});
  };
  auto stop = make(), high = make_high(), limited = make();
  CHECK(fires_on(stop, 4, {5, 6, 4, 4, 3, 3, 3}).front() == 7);
  CHECK(fires_on(high, 4, {5, 6, 4, 4, 7}).front() == 4);
  CHECK(fires_on(limited, 4, {9, 8, 7, 6, 5, 4, 3, 2, 1}) == std::vector<Index>{9});
  for (Index cut = 1; cut < 7; ++cut) {
    const std::vector<double> values{5, 6, 4, 4, 3, 3, 3};
    auto first = make(), second = make();
    fires_on(first, 4, {values.begin(), values.begin() + cut});
    io::from_archive(io::to_archive(first), second);
    CHECK(fires_on(second, 4, {values.begin() + cut, values.end()}, cut + 1).front() == 7);
  }
}

TEST_CASE("means are weighted, and keep the order in which keys came") {
  train::Summary summary;
  train::Observation a, b;
  a["loss"] = 1;
  a.set("share", 0.5, 64);
  b["loss"] = 2;
  b.set("share", 1, 16);
  summary.add(a);
  summary.add(b);
  const auto means = summary.means();
  REQUIRE(means.size() == 2);
  CHECK(means.begin()->key == "loss");
  CHECK(*means.find("loss") == 1.5);
  CHECK(*means.find("share") == doctest::Approx(48.0 / 80));
  CHECK(!means.find("other"));
  train::Summary loaded;
  io::from_archive(io::to_archive(summary), loaded);
  CHECK(*loaded.means().find("share") == *means.find("share"));
}

}  // namespace
}  // namespace lstmlib::test
