// SPDX-License-Identifier: MIT
// Datasets, orders, shards and iterators with arguments that do not fit, and files that contradict the dataset.
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;

namespace {
constexpr Index most = std::numeric_limits<Index>::max(), least = std::numeric_limits<Index>::min();
const data::LabelledSequences dataset({{1, 2}, {3}, {4, 5, 6}}, {0, 1, 0});
using Iterator = data::SerialIterator<data::LabelledSequences>;
}  // namespace

TEST_CASE("arguments: rows of a dataset that are not there") {
  for (const Index row : {Index{-1}, Index{3}, most, least}) {
    CHECK_THROWS_AS((void)dataset.sequence(row), IndexError);
    CHECK_THROWS_AS((void)dataset.label(row), IndexError);
    CHECK_THROWS_AS((void)dataset.length(row), IndexError);
    const Index rows[] = {0, row};
    CHECK_THROWS_AS((void)dataset.batch(rows, Device::cpu()), IndexError);
  }
  CHECK_THROWS_WITH_AS((void)dataset.label(3), "dataset: row 3, expected 0 to 2", IndexError);
}

TEST_CASE("arguments: options of iterators") {
  for (const Index size : {Index{0}, Index{-1}, least})
    CHECK_THROWS_AS(Iterator(dataset, {.batch_size = size}), ValueError);
  CHECK_THROWS_WITH_AS(Iterator(dataset, {.batch_size = -2}),
                       "IteratorOptions: batch_size is -2, expected at least 1", ValueError);
  Iterator iterator(dataset, {.batch_size = 2});
  const std::pair<int, int> parts[] = {{0, 0}, {1, 1}, {-1, 2}, {2, 2}, {0, -1}};
  for (const auto& [part, of] : parts) CHECK_THROWS_AS((void)iterator.next_shard(part, of), ValueError);
  CHECK(iterator.current_position() == 0);
  CHECK_NOTHROW((void)iterator.next_shard(1, 2));
}

TEST_CASE("arguments: orders and cuts") {
  CHECK_THROWS_AS((void)data::rising_order(-1), ValueError);
  CHECK_THROWS_AS((void)data::shuffled_order(least, 0, 0), ValueError);
  const std::vector<Index> lengths{3, 1, 2};
  for (const Index size : {Index{0}, Index{-1}})
    CHECK_THROWS_AS((void)data::bucketed_order(lengths, size, 0, 0, 0), ValueError);
  CHECK_THROWS_AS((void)data::bucketed_order(lengths, 2, -1, 0, 0), ValueError);
  CHECK(data::bucketed_order(lengths, 2, most, 0, 0).size() == 3);
  for (const int parts : {0, -1}) CHECK_THROWS_AS((void)data::partition_by_cost(lengths, parts), ValueError);
  const std::vector<Index> negative{1, -1};
  CHECK_THROWS_AS((void)data::partition_by_cost(negative, 2), ValueError);
  CHECK(data::partition_by_cost({}, 3) == std::vector<Index>{0, 0, 0, 0});
}

TEST_CASE("arguments: an iterator's file that contradicts the dataset") {
  Iterator iterator(dataset, {.batch_size = 2});
  const io::Archive good = io::to_archive(iterator);
  const auto with = [&](const std::string& key, io::Array value) {
    io::Archive changed;
    for (const auto& entry : good) changed.add(entry.name, entry.name == key ? value : entry.array);
    INFO(key);
    CHECK_THROWS_AS(io::from_archive(changed, iterator), FormatError);
  };
  for (const Index position : {Index{-1}, Index{3}, most})
    with("current_position", io::Array::scalar(position));
  for (const Index epoch : {Index{-1}, most, least}) with("epoch", io::Array::scalar(epoch));
  with("previous_epoch_detail", io::Array::scalar(double{NAN}));
  with("previous_epoch_detail", io::Array::scalar(double{INFINITY}));
  for (const std::vector<std::int64_t>& order :
       std::vector<std::vector<std::int64_t>>{{0, 1}, {0, 1, 1}, {0, 1, 3}, {-1, 0, 1}, {0, 1, 2, 3}})
    with("order", io::Array::from(order, {static_cast<Index>(order.size())}));
  CHECK_NOTHROW(io::from_archive(good, iterator));
}
