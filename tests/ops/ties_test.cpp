// SPDX-License-Identifier: MIT
// Values that are equal: which of them are the largest, and which of them have the gradient.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <vector>

namespace lstmlib::test {
namespace {

template <Real T>
void check_ties() {
  // Two sequences of three and four rows of three features; by columns:
  // neighbours that are equal, equal ones apart, all equal; and the same negative, at the ends, and single.
  const std::vector<T> numbers{1,  5, 2,  //
                               5,  1, 2,  //
                               5,  5, 2,  //
                               -3, 7, 1,  //
                               -2, 0, 4,  //
                               -2, 0, 1,  //
                               -2, 7, 1};
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{3, 4});
  const Variable<T> x(Tensor<T>::from(numbers, {7, 3}), true);
  const auto largest = ops::max_over_time(Ragged<Variable<T>>{x, layout});
  const auto values = largest.value().values();
  CHECK(std::vector<T>(values.begin(), values.end()) == std::vector<T>{5, 5, 2, -2, 7, 4});
  ops::sum(ops::multiply(largest, Variable<T>(Tensor<T>::from({1, 2, 3, 4, 5, 6}, {2, 3})))).backward();
  // Each of equal largest ones has the whole gradient, as in Chainer.
  const std::vector<T> expected{0, 2, 3,  //
                                1, 0, 3,  //
                                1, 2, 3,  //
                                0, 5, 0,  //
                                4, 0, 6,  //
                                4, 0, 0,  //
                                4, 5, 0};
  const auto gradient = x.grad().values();
  CHECK(std::vector<T>(gradient.begin(), gradient.end()) == expected);
}

TEST_CASE("ops: of equal largest values over time each has the gradient, neighbours or not") {
  check_ties<float>();
  check_ties<double>();
}

}  // namespace
}  // namespace lstmlib::test
