// SPDX-License-Identifier: MIT
// Batches made ahead are those of the iterator alone: order, counts, saved state, errors.
#include "lstmlib/data/prefetch.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace lstmlib::test {
namespace {

/// Batches are the numbers of their examples. `made` is called, on whatever thread, before each is made.
struct WatchedNumbers {
  Index count;
  std::function<void(Index first)> made = [](Index) {};
  Index size() const { return count; }
  Index length(Index row) const { return 1 + 7 * row % 10; }
  std::vector<Index> batch(std::span<const Index> rows, Device) const {
    made(rows.front());
    return {rows.begin(), rows.end()};
  }
};
using Bare = data::SerialIterator<WatchedNumbers>;
using Ahead = data::PrefetchIterator<Bare>;

/// An iterator as Chainer has it: no shards.
struct Counting {
  Index at = 0;
  Index next() { return at++; }
  void skip() { ++at; }
  void reset() { at = 0; }
  bool done() const { return at == 3; }
  void serialize(io::Serializer& serializer) { serializer.value("at", at); }
};
static_assert(data::ShardingIterator<Bare> && !data::ShardingIterator<Counting>);

template <class Iterator>
std::vector<double> counts_of(const Iterator& i) {
  return {static_cast<double>(i.epoch()), static_cast<double>(i.current_position()),
          static_cast<double>(i.is_new_epoch()), i.epoch_detail(), i.previous_epoch_detail()};
}

std::vector<std::pair<std::string, std::vector<std::byte>>> saved(auto& iterator) {
  std::vector<std::pair<std::string, std::vector<std::byte>>> all;
  for (const auto& entry : io::to_archive(iterator)) all.emplace_back(entry.name, entry.array.data);
  return all;
}

/// Whether it happens within ten seconds.
bool happens(const std::function<bool()>& event) {
  for (int i = 0; i < 10'000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(1)))
    if (event()) return true;
  return false;
}

void check_same(const Ahead& ahead, const Bare& bare) {
  CHECK(counts_of(ahead) == counts_of(bare));
  CHECK(ahead.order() == bare.order());
  CHECK(ahead.done() == bare.done());
}

TEST_CASE("batches made ahead: batches, counts and saved state are those of the iterator alone") {
  const WatchedNumbers numbers{11};
  for (const bool shuffle : {false, true})
    for (const bool by_length : {false, true})
      for (const Index size : {1, 4, 11, 25}) {
        const data::IteratorOptions options{
            .batch_size = size, .shuffle = shuffle, .bucket_by_length = by_length, .seed = 3};
        Bare bare(numbers, options);
        Ahead ahead(Bare(numbers, options));
        check_same(ahead, bare);
        for (int i = 0; i < 20; ++i) {
          CAPTURE(i);
          CHECK(ahead.next() == bare.next());
          check_same(ahead, bare);
          CHECK(saved(ahead) == saved(bare));
        }
        ahead.reset();
        bare.reset();
        CHECK(ahead.next() == bare.next());
      }
}

TEST_CASE("batches made ahead: shards, whole batches and those left out in any order") {
  const WatchedNumbers numbers{50};
  const data::IteratorOptions options{.batch_size = 7, .seed = 3};
  Bare bare(numbers, options);
  Ahead ahead(Bare(numbers, options));
  for (std::uint64_t i = 0; i < 200; ++i) {
    CAPTURE(i);
    const auto what = math::random_word({{1, 2}}, i) % 4;
    if (what == 0) {
      CHECK(ahead.next() == bare.next());
    } else if (what == 1) {
      ahead.skip();
      bare.skip();
    } else {
      const int part = static_cast<int>(what) - 2;
      const auto ours = ahead.next_shard(part, 2), expected = bare.next_shard(part, 2);
      CHECK(ours.batch == expected.batch);
      CHECK(ours.first == expected.first);
      CHECK(ours.examples == expected.examples);
      CHECK(ours.total == expected.total);
    }
    check_same(ahead, bare);
  }
}

TEST_CASE(
    "batches made ahead: a run goes on from its saved state, within an epoch, whatever was made ahead") {
  const WatchedNumbers numbers{11};
  for (int before = 0; before < 12; ++before) {
    const data::IteratorOptions options{.batch_size = 4, .seed = 7};
    Bare bare(numbers, options);
    Ahead whole(Bare(numbers, options)), resumed(Bare(numbers, {.batch_size = 4, .seed = 99}));
    for (int i = 0; i < before; ++i) {
      bare.next();
      whole.next();
      resumed.next();
    }
    io::from_archive(io::to_archive(whole), resumed);
    check_same(resumed, bare);
    for (int i = 0; i < 10; ++i) {
      const auto expected = bare.next();
      CHECK(resumed.next() == expected);
      CHECK(whole.next() == expected);
    }
  }
}

TEST_CASE("batches made ahead: the next one is made on another thread, without being asked for") {
  std::atomic<int> made = 0, elsewhere = 0;
  const auto caller = std::this_thread::get_id();
  const WatchedNumbers numbers{30, [&](Index) {
                                 ++made;
                                 if (std::this_thread::get_id() != caller) ++elsewhere;
                               }};
  Ahead ahead(Bare(numbers, {.batch_size = 4, .shuffle = false}));
  CHECK(made == 0);
  CHECK(ahead.next().front() == 0);
  REQUIRE(happens([&] { return made == 2; }));
  CHECK(ahead.current_position() == 4);
  CHECK(ahead.next().front() == 4);
  REQUIRE(happens([&] { return made == 3; }));
  CHECK(elsewhere == 2);
}

TEST_CASE("batches made ahead: the end, and what comes after it") {
  const WatchedNumbers numbers{10};
  Ahead ahead(Bare(numbers, {.batch_size = 4, .shuffle = false, .repeat = false}));
  for (int epoch = 0; epoch < 2; ++epoch, ahead.reset()) {
    for (const Index first : {0, 4, 8}) CHECK(ahead.next().front() == first);
    CHECK(ahead.done());
    CHECK_THROWS_WITH_AS(ahead.next(), "iterator: no batch is left; reset() starts again", Error);
  }
  data::PrefetchIterator counting(Counting{});
  for (const Index i : {0, 1, 2}) CHECK(counting.next() == i);
  CHECK(counting.done());
}

TEST_CASE("batches made ahead: an error comes with the batch that has it, and the next batch after it") {
  const WatchedNumbers numbers{12, [](Index first) {
                                 if (first == 4) fail<FormatError>("example 4 is broken");
                               }};
  const data::IteratorOptions options{.batch_size = 4, .shuffle = false};
  Bare bare(numbers, options);
  Ahead ahead(Bare(numbers, options));
  for (int epoch = 0; epoch < 3; ++epoch) {
    CHECK(ahead.next() == bare.next());
    CHECK_THROWS_WITH_AS(ahead.next(), "example 4 is broken", FormatError);
    CHECK_THROWS_AS(bare.next(), FormatError);
    check_same(ahead, bare);
    CHECK(ahead.next() == bare.next());
  }
}

TEST_CASE("batches made ahead: the end of the iterator waits for the batch under way") {
  std::atomic<bool> begun = false, finished = false;
  {
    const WatchedNumbers numbers{12, [&](Index first) {
                                   if (first != 4) return;
                                   begun = true;
                                   std::this_thread::sleep_for(std::chrono::milliseconds(50));
                                   finished = true;
                                 }};
    Ahead ahead(Bare(numbers, {.batch_size = 4, .shuffle = false}));
    ahead.next();
    REQUIRE(happens([&] { return begun.load(); }));
  }
  CHECK(finished);
  const WatchedNumbers numbers{12};
  for (int i = 0; i < 200; ++i) {  // at every moment
    Ahead ahead(Bare(numbers, {.batch_size = 4}));
    if (i % 2) ahead.next();
  }
}

TEST_CASE("batches made ahead: labelled sequences") {
  const data::LabelledSequences sentences({{5, 6, 7}, {8}, {9, 10}}, {1, 0, 2});
  data::PrefetchIterator ahead(data::SerialIterator(sentences, {.batch_size = 2, .shuffle = false}));
  CHECK(ahead.next().labels.values()[0] == 1);
  CHECK(ahead.next().tokens.values.values()[0] == 9);
}

}  // namespace
}  // namespace lstmlib::test
