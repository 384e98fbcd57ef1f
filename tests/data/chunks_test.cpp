// SPDX-License-Identifier: MIT
#include "lstmlib/data/chunks.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/data/prefetch.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace lstmlib::test {
namespace {
std::vector<std::int32_t> count_to(std::size_t count) {
  std::vector<std::int32_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

TEST_CASE("each chunk goes on where the one before ended") {
  data::ChunkIterator chunks(count_to(12),
                             {.streams = 2, .steps = 3});  // two streams of 5, 0 to 4 and 5 to 9
  CHECK(chunks.size() == 2);
  auto chunk = chunks.next();
  CHECK(chunk.first);
  CHECK(to_string(chunk.inputs.values) == "[0 1 2 5 6 7]");
  CHECK(to_string(chunk.targets) == "[1 2 3 6 7 8]");
  CHECK(chunk.inputs.sequences() == 2);
  CHECK(chunks.epoch_detail() == 0.6);
  CHECK(!chunks.is_new_epoch());
  chunk = chunks.next();  // the rest of the streams
  CHECK(!chunk.first);
  CHECK(to_string(chunk.inputs.values) == "[3 4 8 9]");
  CHECK(to_string(chunk.targets) == "[ 4  5  9 10]");
  CHECK(chunks.is_new_epoch());
  CHECK(chunks.epoch() == 1);
  CHECK(chunks.previous_epoch_detail() == 0.6);
  CHECK(chunks.next().first);
}

TEST_CASE("a text is read as bytes, and rows of numbers as rows") {
  data::ChunkIterator letters(std::string("ab\xff"), {.streams = 1, .steps = 9, .repeat = false});
  CHECK(to_string(letters.next().targets) == "[ 98 255]");
  CHECK(letters.done());
  CHECK_THROWS_AS((void)letters.next(), Error);
  letters.reset();
  CHECK(!letters.done());
  CHECK(letters.previous_epoch_detail() == -1);
  data::ChunkIterator<double> rows(Tensor<double>::from({1, 2, 3, 4, 5, 6}, {3, 2}),
                                   {.streams = 1, .steps = 2});
  const data::Chunk<double> chunk = rows.next();
  const Ragged<Variable<double>>& inputs = chunk.inputs;
  CHECK(to_string(inputs.values) == "[[1. 2.]\n [3. 4.]]");
  CHECK(to_string(chunk.targets) == "[[3. 4.]\n [5. 6.]]");
}

TEST_CASE("the position in a long sequence is saved, and chunks may be made ahead") {
  const data::ChunkIterator whole(count_to(30), {.streams = 3, .steps = 2});
  auto one = whole, other = whole;
  for (int i = 0; i < 7; ++i) one.skip();
  io::from_archive(io::to_archive(one), other);
  CHECK(other.epoch() == 1);
  CHECK(other.previous_epoch_detail() == one.previous_epoch_detail());
  data::PrefetchIterator ahead(one);
  for (int i = 0; i < 6; ++i) CHECK(to_string(ahead.next().targets) == to_string(other.next().targets));
}

TEST_CASE("states that are carried from chunk to chunk give what the whole sequence gives") {
  set_seed(1);
  const nn::Gru<double> gru({.input_size = 2, .hidden_size = 3, .layers = 2});
  const Variable<double> x(nn::normal<double>({6, 2}, 1), true);
  const auto whole = gru(make_ragged(x, {6})).hidden.values;
  const auto first = gru(make_ragged(x.rows(0, 4), {4}));
  const auto states = ops::detach(first.last);
  CHECK(!states[1].hidden.requires_grad());
  CHECK(!states[1].cell);
  const auto second = gru(make_ragged(x.rows(4, 2), {2}), states).hidden.values;
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(second.value().values()[i] == doctest::Approx(whole.value().values()[12 + i]).epsilon(1e-12));
  ops::sum(second).backward();
  for (std::size_t i = 0; i < 8; ++i) CHECK(x.grad().values()[i] == 0);  // cut
  CHECK(x.grad().values()[8] != 0);
}

TEST_CASE("arguments: chunks") {
  using Chunks = data::ChunkIterator<std::int32_t>;
  const auto ids = Tensor<std::int32_t>::zeros({10});
  for (const Index wrong : {Index{0}, Index{-1}, std::numeric_limits<Index>::min()}) {
    CHECK_THROWS_AS(Chunks(ids, {.streams = wrong}), ValueError);
    CHECK_THROWS_AS(Chunks(ids, {.streams = 1, .steps = wrong}), ValueError);
  }
  CHECK_THROWS_AS(Chunks(ids, {.streams = 10}), ValueError);
  CHECK_THROWS_WITH_AS(Chunks("abc", {.streams = 3}),
                       "chunks: a sequence of 3 rows, expected more than the 3 streams", ValueError);
  CHECK_THROWS_AS(Chunks(Tensor<std::int32_t>(), {.streams = 1}), ShapeError);
  CHECK_THROWS_AS(Chunks(Tensor<std::int32_t>::zeros({}), {.streams = 1}), ShapeError);
  CHECK(Chunks(ids, {.streams = 9, .steps = std::numeric_limits<Index>::max()}).size() == 1);
  Chunks chunks(ids, {.streams = 2, .steps = 2});
  const io::Archive good = io::to_archive(chunks);
  const auto with = [&](const std::string& key, io::Array value) {
    io::Archive changed;
    for (const auto& entry : good) changed.add(entry.name, entry.name == key ? value : entry.array);
    INFO(key);
    CHECK_THROWS_AS(io::from_archive(changed, chunks), FormatError);
  };
  for (const Index position : {Index{-1}, Index{4}}) with("current_position", io::Array::scalar(position));
  with("epoch", io::Array::scalar(Index{-1}));
  with("previous_epoch_detail", io::Array::scalar(double{NAN}));
}

}  // namespace
}  // namespace lstmlib::test
