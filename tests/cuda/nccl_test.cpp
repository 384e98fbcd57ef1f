// SPDX-License-Identifier: MIT
// Sums and gathers between GPUs, each of a process of its own, with what stands for NCCL (nccl/stand_in.cpp).
#include "nccl/connect.hpp"

#include <cmath>

namespace lstmlib::nccl_test {

template <Real T>
void check_sums(int size, Speed speed) {
  constexpr std::size_t counts[] = {1, 2, 7, 1000};
  const auto all = on_ranks(size, [&](Communicator& host) {
    const auto nccl = connect(host, speed);
    std::vector<T> sums;
    for (const std::size_t count : counts) {
      auto values = on_gpu(numbers<T>(count, host.rank()));
      twice(values);
      nccl->all_reduce(values);
      append(sums, test::elements(values));
    }
    return sums;
  });
  std::vector<T> expected;
  for (const std::size_t count : counts) {
    std::vector<T> sum(count);
    for (int rank = 0; rank < size; ++rank) {
      const auto term = numbers<T>(count, rank);
      for (std::size_t i = 0; i < count; ++i) sum[i] += term[i] + term[i];
    }
    append(expected, sum);
  }
  for (const auto& one : all) CHECK(one == expected);
}

TEST_CASE("nccl: sums are those of all processes, the same bits in each, after what came before them") {
  for (const int size : {1, 2, 3})
    for (const Speed speed : {Speed::late, Speed::at_once}) {
      CAPTURE(size);
      CAPTURE(static_cast<int>(speed));
      check_sums<float>(size, speed);
      check_sums<double>(size, speed);
    }
}

TEST_CASE("nccl: sums of bfloat16 numbers are float32 in the order of the ranks, rounded once") {
  constexpr std::size_t counts[] = {1, 2, 3, 4, 5, 6, 7, 1001};
  for (const int size : {1, 2, 3, 5})
    for (const Speed speed : {Speed::late, Speed::at_once}) {
      const auto all = on_ranks(size, [&](Communicator& host) {
        const auto nccl = connect(host, speed);
        std::vector<float> sums;
        for (const std::size_t count : counts) {
          auto values = on_gpu(numbers<float>(count, host.rank()));
          twice(values);
          nccl->all_reduce_async(values, GradientCompression::bf16)->wait();
          append(sums, test::elements(values));
        }
        return sums;
      });
      std::vector<float> expected;
      for (const std::size_t count : counts) {
        std::vector<float> sum(count);
        for (int rank = 0; rank < size; ++rank) {
          const auto term = numbers<float>(count, rank);
          for (std::size_t i = 0; i < count; ++i) sum[i] += rounded(term[i] + term[i]);
        }
        for (float& value : sum) value = rounded(value);
        append(expected, sum);
      }
      CAPTURE(size);
      for (const auto& one : all) CHECK(one == expected);
    }
}

TEST_CASE("nccl: an infinity and a NaN reach every process, exact or as bfloat16") {
  for (const GradientCompression compression : {GradientCompression::none, GradientCompression::bf16}) {
    const auto all = on_ranks(2, [&](Communicator& host) {
      const auto nccl = connect(host);
      auto values = on_gpu<float>(
          {host.is_main_process() ? INFINITY : 1.0f, host.is_main_process() ? 1.0f : NAN, 2.0f});
      nccl->all_reduce_async(values, compression)->wait();
      return test::elements(values);
    });
    for (const auto& one : all) {
      CHECK(one[0] == INFINITY);
      CHECK(std::isnan(one[1]));
      CHECK(one[2] == 4);
    }
  }
}

TEST_CASE("nccl: gathers have the bytes of each process by rank, as many as each has") {
  const std::vector<std::vector<std::size_t>> sizes = {{12, 12, 12}, {4, 0, 20}, {0, 0, 8}, {0, 0, 0}};
  for (const Speed speed : {Speed::late, Speed::at_once}) {
    const auto all = on_ranks(3, [&](Communicator& host) {
      const auto nccl = connect(host, speed);
      std::vector<float> gathered;
      for (const auto& bytes : sizes) {
        auto mine = on_gpu(numbers<float>(5, host.rank()));
        twice(mine);
        const auto total = static_cast<Index>((bytes[0] + bytes[1] + bytes[2]) / 4);
        auto made = Tensor<float>::uninitialized({total}, test::gpu());
        nccl->all_gather_async(test::gpu(), mine.view().data, made.mutable_view().data, bytes)->wait();
        append(gathered, test::elements(made));
      }
      return gathered;
    });
    std::vector<float> expected;
    for (const auto& bytes : sizes)
      for (int rank = 0; rank < 3; ++rank) {
        const auto theirs = numbers<float>(5, rank);
        for (std::size_t i = 0; i < bytes[static_cast<std::size_t>(rank)] / 4; ++i)
          expected.push_back(theirs[i] + theirs[i]);
      }
    for (const auto& one : all) CHECK(one == expected);
  }
}

TEST_CASE("nccl: tensors of the CPU are summed and gathered by the communicator that it wraps") {
  const auto all = on_ranks(2, [&](Communicator& host) {
    const auto nccl = connect(host);
    if (!nccl->runs_on(test::gpu()) || !nccl->runs_on(Device::cpu())) fail<Error>("it does not run there");
    auto values = Tensor<float>::from(numbers<float>(3, host.rank()), {3});
    nccl->all_reduce(values);
    auto doubles = Tensor<double>::from({1.0 + host.rank()}, {1});
    nccl->all_reduce(doubles);
    std::vector<float> gathered(3);
    const std::vector<std::size_t> bytes{4, 8};
    const auto mine = numbers<float>(2, host.rank());
    nccl->all_gather_async(Device::cpu(), mine.data(), gathered.data(), bytes)->wait();
    auto seen = test::elements(values);
    append(seen, gathered);
    seen.push_back(static_cast<float>(doubles.item()));
    return seen;
  });
  const auto first = numbers<float>(3, 0), second = numbers<float>(3, 1);
  for (const auto& one : all)
    CHECK(one == std::vector<float>{first[0] + second[0], first[1] + second[1], first[2] + second[2],
                                    first[0], second[0], second[1], 3});
}

}  // namespace lstmlib::nccl_test
