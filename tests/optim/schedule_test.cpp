// SPDX-License-Identifier: MIT
// Schedules against PyTorch's schedulers, and their options.
#include "lstmlib/optim/schedule.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "pytorch_training.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;

namespace {

void check_rates(const std::string& name, const optim::Schedule& schedule) {
  CAPTURE(name);
  const auto expected = test::pytorch_numbers("rate/" + name);
  std::vector<double> found;
  for (Index step = 0; step < std::ssize(expected); ++step) found.push_back(schedule(step));
  test::check_near(found, expected);
}

}  // namespace

TEST_CASE("schedules have the rates of PyTorch's schedulers") {
  check_rates("constant", optim::constant(0.5));
  check_rates("step", optim::step_decay({.rate = 0.5, .factor = 0.3, .every = 4}));
  check_rates("at", optim::step_decay({.rate = 0.5, .factor = 0.5, .at = {3, 3, 8}}));
  check_rates("exponential", optim::exponential_decay({.rate = 0.5, .factor = 0.8}));
  check_rates("linear", optim::linear({.rate = 0.5, .steps = 10, .final_rate = 0.1}));
  check_rates("cosine", optim::cosine({.rate = 0.5, .steps = 12, .final_rate = 0.05}));
  check_rates("one_cycle", optim::one_cycle({.max_rate = 0.5, .steps = 20}));
  check_rates("one_cycle_options",
              optim::one_cycle(
                  {.max_rate = 0.5, .steps = 17, .rising = 0.4, .first_divisor = 10, .final_divisor = 50}));
  check_rates("warmup", optim::warmup(5, optim::cosine({.rate = 0.5, .steps = 10}), 0.1));
  check_rates("sequence", optim::sequence({{3, optim::constant(0.5)},
                                           {1, optim::exponential_decay({.rate = 0.5, .factor = 0.5})}}));
}

TEST_CASE("schedules stay at their last rate") {
  CHECK(optim::cosine({.rate = 1, .steps = 10, .final_rate = 0.25})(1000) == 0.25);
  CHECK(optim::linear({.rate = 1, .steps = 10})(10) == 0);
  CHECK(optim::one_cycle({.max_rate = 1, .steps = 10})(10) == doctest::Approx(1 / 25e4).epsilon(1e-12));
  CHECK(optim::one_cycle({.max_rate = 1, .steps = 1})(0) == doctest::Approx(1 / 25e4).epsilon(1e-12));
  CHECK(optim::exponential_decay({.rate = 1, .factor = 0.5, .final_rate = 0.2})(3) == 0.2);
}

TEST_CASE("a warm-up begins with 1 / steps of the rate unless told; the root falls after its steps") {
  const auto schedule = optim::warmup(4, optim::constant(8));
  CHECK(schedule(0) == 2);
  CHECK(schedule(2) == 5);
  CHECK(schedule(4) == 8);
  CHECK(optim::warmup(2, optim::constant(8), 0.0)(0) == 0);
  const auto root = optim::inverse_square_root(3, 4);
  CHECK(root(0) == 0.75);
  CHECK(root(3) == 3);
  CHECK(root(15) == 1.5);
}

TEST_CASE("a function of the user's is a schedule, and composes with others") {
  const auto schedule = optim::warmup(2, [](Index step) { return 1.0 / static_cast<double>(1 + step); });
  CHECK(schedule(1) == 0.75);
  CHECK(schedule(3) == 0.5);
}

TEST_CASE("schedules with numbers out of range are refused") {
  using namespace optim;
  for (const double bad : {-1.0, double(NAN), double(INFINITY)}) {
    CHECK_THROWS_AS(constant(bad), ValueError);
    CHECK_THROWS_AS(step_decay({.rate = bad, .every = 1}), ValueError);
    CHECK_THROWS_AS(step_decay({.rate = 1, .factor = bad, .every = 1}), ValueError);
    CHECK_THROWS_AS(exponential_decay({.rate = bad, .factor = 1}), ValueError);
    CHECK_THROWS_AS(exponential_decay({.rate = 1, .factor = bad}), ValueError);
    CHECK_THROWS_AS(exponential_decay({.rate = 1, .factor = 1, .final_rate = bad}), ValueError);
    CHECK_THROWS_AS(cosine({.rate = bad, .steps = 1}), ValueError);
    CHECK_THROWS_AS(linear({.rate = 1, .steps = 1, .final_rate = bad}), ValueError);
    CHECK_THROWS_AS(one_cycle({.max_rate = bad, .steps = 1}), ValueError);
    CHECK_THROWS_AS(one_cycle({.max_rate = 1, .steps = 1, .rising = bad}), ValueError);
    CHECK_THROWS_AS(one_cycle({.max_rate = 1, .steps = 1, .first_divisor = bad}), ValueError);
    CHECK_THROWS_AS(one_cycle({.max_rate = 1, .steps = 1, .final_divisor = bad}), ValueError);
    CHECK_THROWS_AS(inverse_square_root(bad, 1), ValueError);
    CHECK_THROWS_AS(warmup(1, constant(1), bad), ValueError);
    CHECK_THROWS_AS(ReduceOnPlateau({.rate = bad}), ValueError);
    CHECK_THROWS_AS(ReduceOnPlateau({.rate = 1, .factor = bad}), ValueError);
    CHECK_THROWS_AS(ReduceOnPlateau({.rate = 1, .threshold = bad}), ValueError);
    CHECK_THROWS_AS(ReduceOnPlateau({.rate = 1, .final_rate = bad}), ValueError);
  }
  CHECK_THROWS_WITH_AS(cosine({.rate = 1}), "cosine: steps is 0, expected at least 1; was it left out?",
                       ValueError);
  CHECK_THROWS_AS(one_cycle({.max_rate = 1}), ValueError);
  CHECK_THROWS_AS(inverse_square_root(1, 0), ValueError);
  CHECK_THROWS_AS(warmup(0, constant(1)), ValueError);
  CHECK_THROWS_AS(step_decay({.rate = 1}), ValueError);
  CHECK_THROWS_AS(step_decay({.rate = 1, .every = -1}), ValueError);
  CHECK_THROWS_AS(step_decay({.rate = 1, .every = 2, .at = {3}}), ValueError);
  CHECK_THROWS_AS(step_decay({.rate = 1, .at = {3, 2}}), ValueError);
  CHECK_THROWS_AS(step_decay({.rate = 1, .at = {-1, 2}}), ValueError);
  CHECK_THROWS_AS(sequence({}), ValueError);
  CHECK_THROWS_AS(sequence({{0, constant(1)}, {1, constant(1)}}), ValueError);
  CHECK_THROWS_AS(ReduceOnPlateau({.rate = 1, .patience = -1}), ValueError);
  CHECK_THROWS_AS(ReduceOnPlateau({.rate = 1, .cooldown = -1}), ValueError);
  CHECK_THROWS_AS(constant(1)(-1), ValueError);
  CHECK_THROWS_AS(Schedule(std::function<double(Index)>()), ValueError);
}

TEST_CASE("rates fall on a plateau as in PyTorch, also when resumed after any value") {
  const std::pair<const char*, optim::PlateauOptions> cases[] = {
      {"default", {.rate = 0.5, .patience = 2}},
      {"cooldown", {.rate = 0.5, .factor = 0.5, .patience = 1, .cooldown = 3, .final_rate = 0.1}},
      {"greater", {.rate = 0.5, .factor = 0.3, .patience = 1, .threshold = 0.05, .greater = true}},
      {"nan", {.rate = 0.5, .patience = 0}}};
  for (const auto& one : cases) {
    const auto& name = one.first;
    const auto& options = one.second;
    CAPTURE(name);
    const std::string path = std::string("plateau/") + name;
    const auto values = test::pytorch_numbers(path + "/values"),
               rates = test::pytorch_numbers(path + "/rates");
    optim::ReduceOnPlateau straight(options);
    std::vector<double> found;
    for (const double value : values) found.push_back(straight(value));
    test::check_near(found, rates);
    for (std::size_t at = 0; at <= values.size(); ++at) {
      optim::ReduceOnPlateau first(options), resumed(options);
      for (std::size_t i = 0; i < at; ++i) first(values[i]);
      io::from_archive(io::to_archive(first), resumed);
      for (std::size_t i = at; i < values.size(); ++i) CHECK(resumed(values[i]) == found[i]);
    }
  }
}
