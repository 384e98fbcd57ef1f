// SPDX-License-Identifier: MIT
#include "lstmlib/data/windows.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace lstmlib::test {
namespace {
const std::vector<float> series{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST_CASE("windows over a series, with the rows that follow") {
  const data::Windows windows(series, {.window = 3, .horizon = 2, .stride = 2});
  static_assert(data::Dataset<data::Windows<float>>);
  CHECK(windows.size() == 3);  // from 0, 2 and 4; from 6 on, the second target would be row 10
  const std::vector<Index> rows{2, 0};
  const auto batch = windows.batch(rows, Device::cpu());
  CHECK(to_string(batch.inputs.values) == "[[4.]\n [5.]\n [6.]\n [0.]\n [1.]\n [2.]]");
  CHECK(batch.inputs.layout->length(1) == 3);
  CHECK(to_string(batch.targets) == "[[7. 8.]\n [3. 4.]]");
}

TEST_CASE("windows with a target at every step") {
  const data::Windows windows(series, {.window = 4, .horizon = 3, .every_step = true});
  CHECK(windows.size() == 4);
  const std::vector<Index> rows{3};
  const auto batch = windows.batch(rows, Device::cpu());
  CHECK(to_string(batch.inputs.values) == "[[3.]\n [4.]\n [5.]\n [6.]]");
  CHECK(to_string(batch.targets) == "[[6.]\n [7.]\n [8.]\n [9.]]");
}

TEST_CASE("windows of several features, with targets of their own") {
  auto two = Tensor<double>::from({0, 1, 2, 3, 4, 5, 6, 7}, {4, 2});
  const auto target = Tensor<double>::from({10, 11, 12, 13}, {4});
  const data::Windows<double> windows(two, target, {.window = 2});
  CHECK(windows.size() == 2);
  const std::vector<Index> rows{0, 1};
  const auto batch = windows.batch(rows, Device::cpu());
  CHECK(to_string(batch.inputs.sequence(1)) == "[[2. 3.]\n [4. 5.]]");
  CHECK(to_string(batch.targets) == "[[12.]\n [13.]]");
  const data::Windows<double> same(two, {.window = 1, .horizon = 2});
  CHECK(to_string(same.batch(rows, Device::cpu()).targets) == "[[2. 3. 4. 5.]\n [4. 5. 6. 7.]]");
  data::SerialIterator batches(same, {.batch_size = 2, .shuffle = false});
  CHECK(batches.next().inputs.sequences() == 2);
}

TEST_CASE("arguments: windows") {
  using Windows = data::Windows<float>;
  constexpr Index most = std::numeric_limits<Index>::max();
  for (const Index wrong : {Index{0}, Index{-1}}) {
    CHECK_THROWS_AS(Windows(series, {.window = wrong}), ValueError);
    CHECK_THROWS_AS(Windows(series, {.window = 2, .horizon = wrong}), ValueError);
    CHECK_THROWS_AS(Windows(series, {.window = 2, .stride = wrong}), ValueError);
  }
  for (const Index long_one : {Index{10}, Index{11}, most})
    CHECK_THROWS_AS(Windows(series, {.window = long_one}), ValueError);
  CHECK_THROWS_AS(Windows(series, {.window = 1, .horizon = most}), ValueError);
  CHECK_THROWS_WITH_AS(Windows(series, {.window = 9, .horizon = 2}),
                       "windows: a window of 9 and 2 steps to forecast, but the series has 10 time steps",
                       ValueError);
  CHECK(Windows(series, {.window = 9}).size() == 1);
  CHECK(Windows(series, {.window = 1, .stride = most}).size() == 1);
  CHECK_THROWS_AS(Windows(Tensor<float>(), {.window = 1}), ShapeError);
  CHECK_THROWS_AS(Windows(Tensor<float>::zeros({}), {.window = 1}), ShapeError);
  CHECK_THROWS_AS(Windows(Tensor<float>::zeros({4, 1, 1}), {.window = 1}), ShapeError);
  CHECK_THROWS_AS(Windows(Tensor<float>::zeros({4}), Tensor<float>::zeros({5}), {.window = 1}), ShapeError);
  const Windows windows(series, {.window = 3});
  for (const Index row : {Index{-1}, Index{7}, most}) {
    const std::vector<Index> rows{0, row};
    CHECK_THROWS_AS((void)windows.batch(rows, Device::cpu()), IndexError);
  }
}

}  // namespace
}  // namespace lstmlib::test
