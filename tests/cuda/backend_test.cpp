// SPDX-License-Identifier: MIT
// The CUDA part as a device: tensors on it, what it is called, and what it does not do.
#include "backends.hpp"

#include <cuda_runtime.h>

using namespace lstmlib;
TEST_CASE("cuda: tensors go there, change there, and come back") {
  const Device gpu = test::gpu();
  const auto host = test::values<float>({7, 5}, 1);
  const auto there = host.to(gpu);
  CHECK(there.device() == gpu);
  CHECK(there.to(gpu).view().data == there.view().data);
  test::check_equal(there, host, "there and back");
  auto clone = there.clone();
  clone.clear();
  CHECK(test::elements(clone) == std::vector<float>(35, 0));
  test::check_equal(there, host, "the clone is another tensor");
  test::check_equal(there.rows(2, 3), host.rows(2, 3), "rows");
  clone.rows(1, 1).assign(host.rows(4, 1));
  test::check_equal(clone.rows(1, 1), host.rows(4, 1), "assigned from the CPU");
  CHECK(Tensor<double>::from({2.5}, {1}, gpu).item() == 2.5);
  CHECK_THROWS_AS(there.values(), DeviceError);
  const auto nothing = Tensor<float>::zeros({0, 3}, gpu);
  CHECK(nothing.to(Device::cpu()).size() == 0);
}

TEST_CASE("cuda: values given by the host may change at once") {
  std::vector<std::int32_t> numbers(1000, 3);
  const auto tensor = Tensor<std::int32_t>::from(numbers, {1000}, test::gpu());
  numbers.assign(1000, 4);
  CHECK(test::elements(tensor) == std::vector<std::int32_t>(1000, 3));
}

TEST_CASE("cuda: tensors on several devices are refused, and devices that there are not") {
  const Variable<float> a(test::values<float>({2}, 1, test::gpu())), b(test::values<float>({2}, 1));
  CHECK_THROWS_WITH_AS(a + b, "add: arguments are on cuda:0 and on cpu", DeviceError);
  CHECK_THROWS_AS(Device::parse("cuda:99"), DeviceError);
}

TEST_CASE("cuda: installed twice is installed once; the description names versions and devices") {
  test::gpu();
  CHECK(cuda::install());
  CHECK(installed_backends() == "cpu, cuda");
  const std::string text = cuda::description();
  CHECK(text.find("CUDA runtime ") == 0);
  CHECK(text.find("; cuda:0 ") != std::string::npos);
  cuda::model::device().has_driver = false;
  const std::string without = cuda::description();
  cuda::model::device().has_driver = true;
  CHECK(without.find("no driver") != std::string::npos);
  (void)cudaGetLastError();
}

TEST_CASE("cuda: packed layers are the CPU's alone") {
  InferenceProblem problem{};
  CHECK_THROWS_WITH_AS(test::gpu().backend().pack_for_inference(0, problem),
                       "pack_for_inference: not on cuda (device 0)", DeviceError);
}
