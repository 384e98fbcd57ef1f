// SPDX-License-Identifier: MIT
#include "lstmlib/data/ragged_dataset.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace lstmlib::test {
namespace {
const std::vector<std::vector<float>> sequences{{1, 2, 3, 4}, {5, 6}, {7, 8, 9, 10, 11, 12}};
using Labels = Tensor<std::int32_t>;

TEST_CASE("sequences of rows of numbers with a label each") {
  const data::RaggedDataset dataset(make_ragged(sequences, 2), Labels::from({7, 8, 9}, {3}));
  static_assert(data::SequenceDataset<data::RaggedDataset<float, std::int32_t>>);
  CHECK(dataset.size() == 3);
  CHECK(dataset.length(2) == 3);
  const std::vector<Index> rows{1, 0};
  const auto batch = dataset.batch(rows, Device::cpu());
  const Ragged<Variable<float>>& inputs = batch.inputs;  // what models take
  CHECK(to_string(inputs.values) == "[[5. 6.]\n [1. 2.]\n [3. 4.]]");
  CHECK(inputs.layout->length(0) == 1);
  CHECK(to_string(batch.targets) == "[8 7]");
  data::SerialIterator batches(dataset, {.batch_size = 2, .bucket_by_length = true});
  CHECK(batches.next().inputs.sequences() == 2);
}

TEST_CASE("sequences with a target for each row") {
  const auto inputs = make_ragged(sequences);
  const data::RaggedDataset numbers(inputs, Tensor<float>(inputs.values));
  const std::vector<Index> rows{1, 0};
  const auto batch = numbers.batch(rows, Device::cpu());
  CHECK(to_string(batch.targets) == to_string(batch.inputs.values));
  const auto words = make_tokens(std::vector<std::vector<std::int32_t>>{{1, 2}, {3}});
  const data::RaggedDataset tags(words, Labels::from({4, 5, 6}, {3}));
  const auto tagged = tags.batch(rows, Device::cpu());
  const Tokens& tokens = tagged.inputs;
  CHECK(to_string(tokens.values) == "[3 1 2]");
  CHECK(to_string(tagged.targets) == "[6 4 5]");
}

TEST_CASE("arguments: datasets of ragged batches") {
  using Dataset = data::RaggedDataset<float, std::int32_t>;
  const auto inputs = make_ragged(sequences, 2);
  const auto labels = Labels::from({7, 8, 9}, {3});
  CHECK_THROWS_AS(Dataset({}, labels), ShapeError);
  CHECK_THROWS_AS(Dataset({inputs.values, nullptr}, labels), ShapeError);
  CHECK_THROWS_AS(Dataset({Tensor<float>::zeros({5, 2}), inputs.layout}, labels), ShapeError);
  CHECK_THROWS_AS(Dataset(inputs, Labels()), ShapeError);
  CHECK_THROWS_AS(Dataset(inputs, Labels::zeros({})), ShapeError);
  CHECK_THROWS_WITH_AS(Dataset(inputs, Labels::zeros({4})),
                       "dataset: targets [4] for 3 sequences of 6 rows; expected one a sequence or one a row",
                       ShapeError);
  const Dataset dataset(inputs, labels);
  for (const Index row : {Index{-1}, Index{3}, std::numeric_limits<Index>::max()}) {
    CHECK_THROWS_AS((void)dataset.length(row), IndexError);
    const std::vector<Index> rows{0, row};
    CHECK_THROWS_AS((void)dataset.batch(rows, Device::cpu()), IndexError);
  }
}

}  // namespace
}  // namespace lstmlib::test
