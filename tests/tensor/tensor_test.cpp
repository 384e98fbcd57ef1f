// SPDX-License-Identifier: MIT
#include "lstmlib/core.hpp"
#include "support.hpp"

using namespace lstmlib;

TEST_CASE("tensor: copies, rows and other shapes share the memory; clones do not") {
  auto x = Tensor<float>::from({1, 2, 3, 4, 5, 6}, {3, 2});
  Tensor<float> copy = x, part = x.rows(1, 1), flat = x.reshape({6}), clone = x.clone();
  x.mutable_values()[2] = 30;
  CHECK(copy.values()[2] == 30);
  CHECK(part.values()[0] == 30);
  CHECK(flat.values()[2] == 30);
  CHECK(clone.values()[2] == 3);
}

TEST_CASE("tensor: an absent one has no elements and converts to false") {
  const Tensor<double> none;
  CHECK_FALSE(none);
  CHECK(none.size() == 0);
  CHECK(none.view().data == nullptr);
  CHECK(Tensor<double>::zeros({}).item() == 0);
}

TEST_CASE("tensor: an empty one is present") {
  const auto empty = Tensor<float>::zeros({0, 3});
  CHECK(empty);
  CHECK(empty.size() == 0);
  CHECK(empty.clone().shape() == Shape{0, 3});
}

TEST_CASE("tensor: says what does not fit") {
  auto x = Tensor<float>::zeros({3, 2});
  CHECK_THROWS_WITH_AS(Tensor<float>::from({1, 2, 3}, {2, 2}), "tensor: 3 values for shape [2, 2]",
                       ShapeError);
  CHECK_THROWS_AS(x.reshape({7}), ShapeError);
  CHECK_THROWS_AS(x.rows(2, 2), ShapeError);
  CHECK_THROWS_AS(x.item(), ShapeError);
  CHECK_THROWS_AS(x.assign(Tensor<float>::zeros({2, 3})), ShapeError);
}

TEST_CASE("tensor: the version tells when somebody may have written, through whatever handle") {
  auto x = Tensor<float>::zeros({2, 2});
  auto other = x;
  const auto before = x.version();
  static_cast<void>(x.values());
  static_cast<void>(x.rows(0, 1).view());
  CHECK(x.version() == before);
  other.rows(1, 1).mutable_values()[0] = 1;
  CHECK(x.version() > before);
  CHECK(x.clone().version() != 0);
}

TEST_CASE("device: parse knows the CPU and lists the installed devices") {
  CHECK(Device::parse("cpu") == Device::cpu());
  CHECK(message(Device::cpu()) == "cpu");
  CHECK_THROWS_WITH_AS(
      Device::parse("cuda:0"),
      "no back end \"cuda\" (installed: cpu); link lstmlib::cuda and call lstmlib::cuda::install()",
      DeviceError);
  CHECK_THROWS_AS(Device::parse("cpu:1"), DeviceError);
  CHECK_THROWS_AS(Device::parse("cpu:x"), DeviceError);
  CHECK_THROWS_AS(Device::parse(""), DeviceError);
}

TEST_CASE("tokens: sentences one after another, an empty one is refused") {
  const std::vector<std::vector<std::int32_t>> sentences{{1, 2, 3}, {4}};
  const Tokens tokens = make_tokens(sentences);
  CHECK(tokens.values.shape() == Shape{4});
  CHECK(tokens.layout->begin(1) == 3);
  const std::vector<std::vector<std::int32_t>> empty{{1}, {}};
  CHECK_THROWS_AS(make_tokens(empty), ShapeError);
}
