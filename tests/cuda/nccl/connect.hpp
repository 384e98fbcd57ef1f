// SPDX-License-Identifier: MIT
#pragma once
// Processes of tests with a GPU each, which what stands for NCCL connects.

#include "lstmlib/backend/cuda/backend.hpp"
#include "lstmlib/distributed/nccl/communicator.hpp"

#include "../backends.hpp"
#include "ranks.hpp"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace lstmlib::nccl_test {

using distributed::Communicator;
using distributed::GradientCompression;
using test::on_ranks;

inline void set_to(const char* variable, const char* value) {
  REQUIRE((value ? setenv(variable, value, 1) : unsetenv(variable)) == 0);
}
inline cuda::Context& context() { return static_cast<cuda::CudaBackend&>(test::gpu().backend()).context(0); }

/// Work is as late as it may be, or as early.
enum class Speed { late, at_once };
inline std::unique_ptr<Communicator> connect(Communicator& host, Speed speed = Speed::late) {
  set_to("LSTMLIB_NCCL_LIBRARY", LSTMLIB_NCCL_STAND_IN);
  set_to("STAND_IN_NCCL_AT_ONCE", speed == Speed::at_once ? "1" : nullptr);
  return nccl::make_communicator(host, test::gpu());
}

template <Real T>
std::vector<T> numbers(std::size_t count, int rank) {
  std::vector<T> made(count);
  for (std::size_t i = 0; i < count; ++i)
    made[i] = static_cast<T>(rank + 1) / T(3) + static_cast<T>(i) * T(0.37);
  return made;
}
template <Real T>
Tensor<T> on_gpu(const std::vector<T>& values) {
  return Tensor<T>::from(values, {static_cast<Index>(values.size())}, test::gpu());
}
template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}
/// x = x + x, by a kernel.
template <Real T>
void twice(Tensor<T>& x) {
  test::gpu().backend().kernels<T>(0).tensor.add_scaled(1, x.view(), x.mutable_view());
}

/// To bfloat16.
inline float rounded(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u);
}

}  // namespace lstmlib::nccl_test
