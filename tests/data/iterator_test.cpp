// SPDX-License-Identifier: MIT
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

namespace lstmlib::test {
namespace {

/// Batches are the numbers of their examples; example i has 1 + (7 i mod 10) items.
struct Numbers {
  Index count;
  Index size() const { return count; }
  Index length(Index row) const { return 1 + 7 * row % 10; }
  std::vector<Index> batch(std::span<const Index> rows, Device) const { return {rows.begin(), rows.end()}; }
};
struct WithoutLengths {
  Index size() const { return 3; }
  int batch(std::span<const Index>, Device) const { return 0; }
};
static_assert(data::SequenceDataset<Numbers> && data::SequenceDataset<data::LabelledSequences>);
static_assert(data::Dataset<WithoutLengths> && !data::SequenceDataset<WithoutLengths>);

using Iterator = data::SerialIterator<Numbers>;

std::vector<std::vector<Index>> batches_of(Iterator& iterator, int count) {
  std::vector<std::vector<Index>> batches;
  for (int i = 0; i < count; ++i) batches.push_back(iterator.next());
  return batches;
}

TEST_CASE("a repeating iterator fills the last batch of an epoch up from the next one") {
  const Numbers ten{10};
  Iterator iterator(ten, {.batch_size = 4, .shuffle = false});
  CHECK(iterator.previous_epoch_detail() == -1);
  CHECK(batches_of(iterator, 2) == std::vector<std::vector<Index>>{{0, 1, 2, 3}, {4, 5, 6, 7}});
  CHECK(!iterator.is_new_epoch());
  CHECK(iterator.next() == std::vector<Index>{8, 9, 0, 1});
  CHECK(iterator.is_new_epoch());
  CHECK(iterator.epoch() == 1);
  CHECK(iterator.current_position() == 2);
  CHECK(iterator.epoch_detail() == 1.2);
  CHECK(iterator.previous_epoch_detail() == 0.8);
  CHECK(!iterator.done());
  iterator.reset();
  CHECK(iterator.next() == std::vector<Index>{0, 1, 2, 3});
}

TEST_CASE("a batch may be larger than the dataset") {
  const Numbers three{3};
  Iterator iterator(three, {.batch_size = 7, .shuffle = false});
  CHECK(iterator.next() == std::vector<Index>{0, 1, 2, 0, 1, 2, 0});
  CHECK(iterator.epoch() == 2);
  CHECK(iterator.current_position() == 1);
}

TEST_CASE("an iterator that does not repeat ends with a smaller batch") {
  const Numbers ten{10};
  Iterator iterator(ten, {.batch_size = 4, .shuffle = false, .repeat = false});
  for (int epoch = 0; epoch < 2; ++epoch, iterator.reset()) {
    CHECK(batches_of(iterator, 3).back() == std::vector<Index>{8, 9});
    CHECK(iterator.done());
    CHECK(iterator.epoch_detail() == 1);
    CHECK_THROWS_AS(iterator.next(), Error);
  }
}

TEST_CASE("batches and state are those of the reference") {
  if (!kit_has("compat/snapshots/iterator.json")) return;
  std::ifstream file(kit() / "compat/snapshots/iterator.json");
  for (const auto& wanted : nlohmann::json::parse(file)) {
    const bool shuffle = wanted.at("shuffle").get<bool>();
    const Numbers numbers{wanted.at("n").get<Index>()};
    Iterator iterator(numbers, {.batch_size = wanted.at("batch_size").get<Index>(),
                                .shuffle = shuffle,
                                .repeat = wanted.at("repeat").get<bool>()});
    CAPTURE(numbers.count);
    int calls = 0;
    for (const auto& row : wanted.at("rows")) {
      CAPTURE(row.at("call").get<int>());
      std::vector<Index> batch;
      while (calls < row.at("call").get<int>()) {  // of long runs only the interesting calls are listed
        batch = iterator.next();
        ++calls;
      }
      CHECK(batch.size() == row.at("size").get<std::size_t>());
      if (row.contains("batch")) CHECK(batch == row.at("batch").get<std::vector<Index>>());
      CHECK(iterator.epoch() == row.at("epoch").get<Index>());
      CHECK(iterator.is_new_epoch() == row.at("is_new_epoch").get<bool>());
      CHECK(iterator.epoch_detail() == row.at("epoch_detail").get<double>());
      CHECK(iterator.previous_epoch_detail() == row.at("previous_epoch_detail").get<double>());
      CHECK(iterator.current_position() == row.at("current_position").get<Index>());
    }
  }
}

TEST_CASE("each epoch has all examples, in an order of its own that the seed decides") {
  const Numbers numbers{50};
  Iterator first(numbers, {.batch_size = 50, .seed = 1}), same(numbers, {.batch_size = 50, .seed = 1});
  Iterator other(numbers, {.batch_size = 50, .seed = 2});
  std::set<std::vector<Index>> orders;
  for (int epoch = 0; epoch < 20; ++epoch) {
    auto batch = first.next();
    CHECK(batch == same.next());
    orders.insert(batch);
    orders.insert(other.next());
    std::sort(batch.begin(), batch.end());
    CHECK(batch == data::rising_order(50));
  }
  CHECK(orders.size() == 40);
}

TEST_CASE("every item comes to every place about equally often") {
  // 4000 orders of 8: each count is binomial, expected 500 with a standard deviation of 21; five of them are
  // allowed.
  int counts[8][8] = {};
  for (Index epoch = 0; epoch < 4000; ++epoch) {
    const auto order = data::shuffled_order(8, 3, epoch);
    for (std::size_t place = 0; place < 8; ++place) ++counts[order[place]][place];
  }
  for (const auto& row : counts)
    for (const int count : row) CHECK(std::abs(count - 500) < 105);
}

TEST_CASE("batches by length hold the same examples each epoch, of near-equal length, in changing order") {
  for (const Index count : {100, 103, 5}) {
    const Numbers numbers{count};
    const Index size = 10;
    Iterator iterator(numbers, {.batch_size = size, .bucket_by_length = true, .seed = 5});
    std::vector<Index> seen;
    std::set<std::vector<Index>> lengths_by_batch;
    Index spread = 0, batches = 0;
    while (iterator.epoch() < 10) {
      const auto batch = iterator.next();
      CHECK(static_cast<Index>(batch.size()) == size);
      seen.insert(seen.end(), batch.begin(), batch.end());
      std::vector<Index> lengths;
      for (const Index row : batch) lengths.push_back(numbers.length(row));
      const auto [least, most] = std::minmax_element(lengths.begin(), lengths.end());
      spread += *most - *least;
      ++batches;
      lengths_by_batch.insert(lengths);
    }
    CAPTURE(count);
    for (Index epoch = 0; epoch < 10; ++epoch) {
      std::vector<Index> rows(seen.begin() + epoch * count, seen.begin() + (epoch + 1) * count);
      std::sort(rows.begin(), rows.end());
      CHECK(rows == data::rising_order(count));
    }
    if (count < size) continue;   // each batch holds each example
    CHECK(spread < 2 * batches);  // a batch in random order spreads over about 8
    CHECK(lengths_by_batch.size() > 5);
  }
}

TEST_CASE("an iterator goes on from its saved state, with the orders of the saved run") {
  const Numbers numbers{11};
  for (const bool by_length : {false, true})
    for (int before = 0; before < 12; ++before) {
      Iterator whole(numbers, {.batch_size = 4, .bucket_by_length = by_length, .seed = 7});
      batches_of(whole, before);
      Iterator resumed(numbers, {.batch_size = 4, .bucket_by_length = by_length, .seed = 99});
      io::from_archive(io::to_archive(whole), resumed);
      CHECK(resumed.epoch_detail() == whole.epoch_detail());
      CHECK(resumed.previous_epoch_detail() == whole.previous_epoch_detail());
      CHECK(resumed.is_new_epoch() == whole.is_new_epoch());
      CHECK(batches_of(resumed, 10) == batches_of(whole, 10));
    }
}

TEST_CASE("a saved state that is not one of the dataset is refused") {
  const Numbers numbers{11}, fewer{10};
  Iterator iterator(numbers, {.batch_size = 4}), of_fewer(fewer, {.batch_size = 4});
  const auto archive = io::to_archive(iterator);
  CHECK_THROWS_AS(io::from_archive(archive, of_fewer), FormatError);
  const auto changed = [&](const std::string& key, io::Array array) {
    io::Archive other;
    for (const auto& entry : archive) other.add(entry.name, entry.name == key ? array : entry.array);
    return other;
  };
  for (const Index position : {-1, 11})
    CHECK_THROWS_AS(io::from_archive(changed("current_position", io::Array::scalar(position)), iterator),
                    FormatError);
  CHECK_THROWS_AS(io::from_archive(changed("epoch", io::Array::scalar(Index{-1})), iterator), FormatError);
  std::vector<Index> twice(11, 3);
  CHECK_THROWS_AS(io::from_archive(changed("order", io::Array::from(twice, {11})), iterator), FormatError);
}

TEST_CASE("what makes no iterator is refused") {
  const Numbers none{0}, some{3};
  const WithoutLengths plain;
  CHECK_THROWS_AS(Iterator(none, {}), ValueError);
  CHECK_THROWS_AS(Iterator(some, {.batch_size = 0}), ValueError);
  CHECK_THROWS_AS((data::SerialIterator<WithoutLengths>(plain, {.bucket_by_length = true})), ValueError);
}

TEST_CASE("labelled sequences make ragged batches") {
  const data::LabelledSequences sentences({{5, 6, 7}, {8}, {9, 10}}, {1, 0, 2});
  data::SerialIterator iterator(sentences, {.batch_size = 2, .shuffle = false});
  const data::LabelledTokens batch = iterator.next();
  CHECK(batch.tokens.sequences() == 2);
  CHECK(batch.tokens.layout->length(0) == 3);
  const auto words = batch.tokens.values.values();
  CHECK(std::vector<std::int32_t>(words.begin(), words.end()) == std::vector<std::int32_t>{5, 6, 7, 8});
  CHECK(batch.labels.shape() == Shape{2});
  CHECK(batch.labels.values()[0] == 1);
  CHECK(iterator.next().labels.values()[0] == 2);
  CHECK_THROWS_AS(data::LabelledSequences({{1}}, {}), ShapeError);
  CHECK_THROWS_AS(data::LabelledSequences({{1}, {}}, {0, 0}), ShapeError);
}

}  // namespace
}  // namespace lstmlib::test
