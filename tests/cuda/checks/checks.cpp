// SPDX-License-Identifier: MIT
// Does a GPU compute what it should? Every kernel against plain loops in double precision, one line of JSON
// each. Needs the CUDA part and nothing else.
//   checks [--small] [--recurrent]    --small: shapes for tools that watch every access; --recurrent: such
//   layers alone
// Ends with status 1 if a check fails, 2 if there is no GPU.
#include "../../../benchmarks/gpu/host_memory.hpp"
#include "tensor_checks.hpp"
#include "nn_checks.hpp"
#include "recurrent_checks.hpp"
#include "update_checks.hpp"

#include <lstmlib/cuda.hpp>

#include <string_view>

namespace {

using namespace checks;

template <class T>
void check_operations(Checks& all) {
  TensorChecks<T>(all).run();
  NnChecks<T>(all).run();
  UpdateChecks<T>(all).run();
}

/// Lengths from `most` down to 1.
std::vector<Index> falling(Index count, Index most) {
  std::vector<Index> lengths;
  for (Index i = 0; i < count; ++i) lengths.push_back(most - (most - 1) * i / std::max<Index>(1, count - 1));
  return lengths;
}

void check_recurrent(Checks& all, bool small) {
  const auto lstm = RecurrentCell::lstm;
  std::vector<RecurrentSizes> sizes{
      {lstm, false, true, 19, 62, falling(11, 7)},
      {lstm, true, false, 5, 16, falling(3, 4)},
      {lstm, false, true, 30, 62, {6}},
      {RecurrentCell::gru, false, true, 19, 62, falling(11, 7)},
      {RecurrentCell::rnn_tanh, true, true, 19, 30, falling(5, 4)},
      {RecurrentCell::rnn_relu, false, false, 19, 30, falling(5, 4)},
  };
  if (!small)
    for (const auto& one : {RecurrentSizes{lstm, false, true, 300, 300, falling(64, 12)},
                            RecurrentSizes{lstm, true, false, 300, 300, falling(9, 20)},
                            RecurrentSizes{lstm, false, true, 300, 300, {20}},
                            RecurrentSizes{lstm, false, false, 128, 128, falling(64, 10)},
                            RecurrentSizes{lstm, false, false, 512, 512, falling(17, 6)},
                            RecurrentSizes{lstm, false, false, 64, 768, falling(8, 5)},
                            RecurrentSizes{lstm, false, false, 64, 1024, falling(3, 5)},
                            RecurrentSizes{RecurrentCell::gru, false, false, 300, 300, falling(16, 8)}})
      sizes.push_back(one);
  for (const auto& one : sizes) {
    RecurrentCheck<float> check(all, one);
    check.run(Precision::fp32_strict, 1e-5);
    check.run(Precision::fp32, 2e-5);
    // A rounded sum near 0 may have the other sign, and the slope of relu is 0 or 1 there.
    if (one.cell != RecurrentCell::rnn_relu) {
      check.run(Precision::fp16, 2e-3);
      check.run(Precision::bf16, 2e-2);
    }
    RecurrentCheck<double>(all, one).run(Precision::fp32, 1e-12);
  }
}

int run(bool small, bool recurrent_alone) {
  if (!cuda::install()) {
    std::cerr << "checks: no GPU: " << cuda::description() << '\n';
    return 2;
  }
  Checks all(*find_backend("cuda"));
  if (!recurrent_alone) {
    check_operations<float>(all);
    check_operations<double>(all);
  }
  check_recurrent(all, small);
  std::cerr << all.passed << " passed, " << all.failed << " failed\n";
  return all.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  try {
    const std::vector<std::string_view> options(words + 1, words + count);
    const auto has = [&](std::string_view option) {
      return std::find(options.begin(), options.end(), option) != options.end();
    };
    return run(has("--small"), has("--recurrent"));
  } catch (const std::exception& error) {
    std::cerr << "checks: " << error.what() << '\n';
    return 1;
  }
}
