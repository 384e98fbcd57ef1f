// SPDX-License-Identifier: MIT
#include "distributed/cost_model.hpp"

#include "support.hpp"

namespace lstmlib::test {
namespace {

using doctest::Approx;

const cost::Compute compute{.fixed = 4e-3, .optimizer = 1e-3, .per_word = 10e-6, .spread = 0};
const cost::Network net{.latency = 1e-4,
                        .per_message = 1e-5,
                        .bandwidth = 1e9,
                        .sum_handling = 4e9,
                        .row_handling = 2e9,
                        .overlaps = false};
const std::vector<double> usual(4, 1);

TEST_CASE("cost model: a single worker computes without waiting") {
  const auto model = cost::classifier(300, 1, 7142);
  const std::vector<double> words{1000}, rows{400};
  const auto step = cost::step(model, compute, net, words, rows, {usual.data(), 1});
  CHECK(step.total == Approx(14e-3));
  CHECK(step.compute == Approx(14e-3));
  CHECK(step.waiting == 0);
  CHECK(step.exchange == Approx(0));
  CHECK(step.dense_bytes + step.row_bytes == 0);
}

TEST_CASE(
    "cost model: a step of four is the slowest share, the sums, the rows and what each tells the others") {
  const cost::Model model{.layers = {4e6}, .table_rows = 10000, .row_bytes = 996};
  const std::vector<double> words{1000, 1000, 1000, 1400}, rows{300, 300, 300, 300};
  const auto step = cost::step(model, compute, net, words, rows, usual);
  CHECK(step.compute == Approx(15e-3));
  CHECK(step.waiting == Approx(3e-3));
  const double sum = 2 * (1e-4 + 2e-5) + 6e6 / 1e9 + 6e6 / 4e9;  // each sends 2 x 3/4 of 4 MB
  const double of_rows = 2 * (1e-4 + 2e-5) + 3 * 3e5 / 1e9 + 4 * 3e5 / 2e9;
  const double told = 2 * 2 * 1e-4;  // the gather before the rows falls into the time of the sums
  CHECK(step.exchange == Approx(sum + of_rows + told));
  CHECK(step.total == Approx(18e-3 + step.exchange));
  CHECK(step.dense_bytes == Approx(6e6));
  CHECK(step.row_bytes == Approx(9e5));
}

TEST_CASE("cost model: the whole table travels where rows would be more bytes") {
  cost::Model model{.layers = {}, .table_rows = 1000, .row_bytes = 996};
  const std::vector<double> words(4, 1000), few(4, 400), many(4, 600);
  CHECK(cost::step(model, compute, net, words, few, usual).row_bytes > 0);
  const auto whole = cost::step(model, compute, net, words, many, usual);
  CHECK(whole.row_bytes == 0);
  CHECK(whole.dense_bytes == Approx(2 * 996e3 * 3 / 4));
  model.rows_may_travel = false;
  CHECK(cost::step(model, compute, net, words, few, usual).row_bytes == 0);
}

TEST_CASE("cost model: layers travel while those below them are computed, where the network does it") {
  const cost::Model model{.layers = {1e6, 1e6}, .table_rows = 1, .row_bytes = 4};
  const std::vector<double> words(4, 10000), rows(4, 1);
  const double late = cost::step(model, compute, net, words, rows, usual).exchange;
  auto beside = net;
  beside.overlaps = true;
  CHECK(cost::step(model, compute, beside, words, rows, usual).exchange ==
        Approx(late - cost::sum(4, 1e6, net)));
}

TEST_CASE("cost model: efficiency falls with workers, latency and slower links, and is never more than one") {
  cost::Sentences sentences;
  for (std::int32_t i = 0; i < 200; ++i) sentences.emplace_back(3 + i % 40, i);
  const auto model = cost::classifier(300, 1, 7142);
  const auto at = [&](int workers, const cost::Network& on) {
    return cost::weak_efficiency(model, compute, on, sentences, workers, 64);
  };
  CHECK(at(1, net) == Approx(1).epsilon(0.02));
  CHECK(at(2, net) < 1);
  CHECK(at(16, net) < at(2, net));
  auto slow = net, far = net;
  slow.bandwidth /= 10;
  far.latency *= 10;
  CHECK(at(8, slow) < at(8, net));
  CHECK(at(8, far) < at(8, net));
  CHECK(cost::strong_efficiency(model, compute, net, sentences, 16, 64) < at(16, net));
}

TEST_CASE("cost model: the line through points that lie on it, but for one") {
  std::vector<double> x, y;
  for (int i = 1; i <= 20; ++i) x.push_back(i), y.push_back(3 + 2 * i);
  y[7] = 1000;
  const auto line = cost::fit(x, y);
  CHECK(line.at_zero == Approx(3));
  CHECK(line.slope == Approx(2));
  CHECK(line.spread == Approx(0));
}

}  // namespace
}  // namespace lstmlib::test
