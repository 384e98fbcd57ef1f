// SPDX-License-Identifier: MIT
#include "lstmlib/eigen.hpp"

#include "two_devices.hpp"

#include "support.hpp"

using namespace lstmlib;

TEST_CASE("eigen: a tensor's rows are a matrix's, without a copy") {
  const auto x = Tensor<float>::from({1, 2, 3, 4, 5, 6}, {2, 3});
  const auto matrix = as_eigen(x);
  CHECK(matrix.rows() == 2);
  CHECK(matrix.cols() == 3);
  CHECK(matrix(1, 0) == 4);
  CHECK(matrix.data() == x.values().data());
  CHECK(as_eigen(Tensor<double>::zeros({4, 2, 5})).cols() == 10);
}

TEST_CASE("eigen: what is written is the tensor's, a handle that only reads and other devices are refused") {
  auto x = Tensor<double>::zeros({2, 2});
  as_mutable_eigen(x) << 1, 2, 3, 4;
  CHECK(x.values()[2] == 3);
  Tensor<double> absent;
  CHECK_THROWS_AS(as_mutable_eigen(absent), ShapeError);
  CHECK_THROWS_AS((void)as_eigen(absent), ShapeError);
  CHECK_THROWS_AS((void)as_eigen(x.to(test::other_device())), DeviceError);
  const auto fixed = x;
  auto reader = fixed;
  CHECK_THROWS((void)as_mutable_eigen(reader));
}
