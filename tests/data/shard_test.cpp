// SPDX-License-Identifier: MIT
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/data/shard.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace lstmlib::test {
namespace {

using Cuts = std::vector<Index>;

TEST_CASE("shard: equal costs make equal parts, and none is empty where there are enough examples") {
  CHECK(data::partition_by_cost(std::vector<Index>(8, 1), 1) == Cuts{0, 8});
  CHECK(data::partition_by_cost(std::vector<Index>(8, 1), 4) == Cuts{0, 2, 4, 6, 8});
  CHECK(data::partition_by_cost(std::vector<Index>(7, 1), 3) == Cuts{0, 2, 5, 7});
  CHECK(data::partition_by_cost(std::vector<Index>(2, 5), 4) == Cuts{0, 1, 2, 2, 2});
  CHECK(data::partition_by_cost(Cuts{}, 2) == Cuts{0, 0, 0});
  CHECK(data::partition_by_cost(Cuts{100, 1, 1, 1}, 4) == Cuts{0, 1, 2, 3, 4});
  CHECK(data::partition_by_cost(Cuts{1, 1, 1, 100}, 4) == Cuts{0, 1, 2, 3, 4});
  CHECK(data::partition_by_cost(Cuts{0, 0, 0, 0}, 2).back() == 4);
}

TEST_CASE("shard: parts of sentences are as near to each other as one sentence allows") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Index> lengths(40 + random() % 60);
    for (Index& length : lengths) length = 1 + static_cast<Index>(random() % 40);
    const int parts = 1 + static_cast<int>(random() % 6);
    const auto cuts = data::partition_by_cost(lengths, parts);
    REQUIRE(cuts.size() == static_cast<std::size_t>(parts) + 1);
    CHECK(std::is_sorted(cuts.begin(), cuts.end()));
    const Index all = std::accumulate(lengths.begin(), lengths.end(), Index{0});
    for (std::size_t part = 0; part + 1 < cuts.size(); ++part) {
      const Index cost =
          std::accumulate(lengths.begin() + cuts[part], lengths.begin() + cuts[part + 1], Index{0});
      CHECK(std::abs(static_cast<double>(cost) - static_cast<double>(all) / parts) <= 40);
    }
  }
}

TEST_CASE("shard: the parts of all processes are the batches of one, each example once") {
  std::vector<std::vector<std::int32_t>> sentences;
  for (std::int32_t i = 0; i < 23; ++i) sentences.emplace_back(static_cast<std::size_t>(1 + i % 5), i);
  const data::LabelledSequences dataset(sentences, std::vector<std::int32_t>(23, 0));
  for (const bool repeat : {true, false})
    for (const int parts : {1, 2, 3, 5}) {
      const data::IteratorOptions options{.batch_size = 4, .repeat = repeat, .seed = 9};
      data::SerialIterator whole(dataset, options);
      std::vector<data::SerialIterator<data::LabelledSequences>> iterators(static_cast<std::size_t>(parts),
                                                                           whole);
      for (int step = 0; step < 14 && !whole.done(); ++step) {
        const auto batch = whole.next();
        const auto words = batch.tokens.values.values();
        std::vector<std::int32_t> joined;
        Index examples = 0;
        for (int part = 0; part < parts; ++part) {
          const auto shard = iterators[static_cast<std::size_t>(part)].next_shard(part, parts);
          CHECK(shard.first == examples);
          CHECK(shard.total == batch.labels.size());
          CHECK(shard.batch.has_value() == (shard.examples > 0));
          examples += shard.examples;
          if (!shard.batch) continue;
          const auto some = shard.batch->tokens.values.values();
          joined.insert(joined.end(), some.begin(), some.end());
        }
        CHECK(std::equal(joined.begin(), joined.end(), words.begin(), words.end()));
        for (const auto& iterator : iterators) CHECK(iterator.epoch_detail() == whole.epoch_detail());
      }
    }
}

TEST_CASE("shard: a batch that is left out is as one that was taken") {
  const data::LabelledSequences dataset({{1}, {2}, {3}, {4}, {5}}, {0, 0, 0, 0, 0});
  data::SerialIterator taken(dataset, {.batch_size = 2, .seed = 1}),
      left(dataset, {.batch_size = 2, .seed = 1});
  for (int i = 0; i < 4; ++i) {
    taken.next();
    left.skip();
  }
  CHECK(taken.epoch_detail() == left.epoch_detail());
  const auto a = taken.next(), b = left.next();
  CHECK(std::ranges::equal(a.tokens.values.values(), b.tokens.values.values()));
}

}  // namespace
}  // namespace lstmlib::test
