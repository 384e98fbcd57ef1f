// SPDX-License-Identifier: MIT
// Kernels whose threads wait for each other: the same bits in whatever order threads run, and a barrier that
// is missing is noticed.
#include "backends.hpp"

#include <cuda_runtime.h>

#include <functional>

namespace lstmlib::schedules_test {
namespace {

namespace model = cuda::model;

using Numbers = std::vector<float>;

Tensor<float> values(const Shape& shape, std::uint64_t stream) {
  return test::values<float>(shape, stream, test::gpu());
}
Tensor<std::int32_t> numbers(Index count, std::uint32_t below) {
  std::vector<std::int32_t> made(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i] = static_cast<std::int32_t>(math::random_word({{1, 2}}, i) % below);
  return Tensor<std::int32_t>::from(made, {count}, test::gpu());
}
void append(Numbers& to, const Tensor<float>& tensor) {
  const auto all = test::elements(tensor);
  to.insert(to.end(), all.begin(), all.end());
}
const Kernels<float>& gpu_kernels() { return test::gpu().backend().kernels<float>(0); }

Numbers transposed_matrix() {
  const auto x = values({70, 45}, 1);
  auto y = Tensor<float>::zeros({45, 70}, test::gpu());
  gpu_kernels().tensor.transpose(x.view(), y.mutable_view(), OutputMode::accumulate);
  return test::elements(y);
}
Numbers softmax_of(Index size) {
  const auto x = values({3, size}, 2);
  auto y = Tensor<float>::zeros({3, size}, test::gpu());
  gpu_kernels().tensor.softmax(AxisView(x.shape(), 1), false, x.view(), y.mutable_view());
  return test::elements(y);
}
/// Softmax over 1,500 elements: eight warps, and two joins one after the other.
Numbers wide_softmax() { return softmax_of(1500); }
Numbers sums() {
  Numbers all;
  for (const Index size : {20, 3000, 9000}) {
    const auto x = values({2, size}, 3);
    auto y = Tensor<float>::zeros({2}, test::gpu());
    gpu_kernels().tensor.sum(AxisView(x.shape(), 1), 1, x.view(), y.mutable_view());
    append(all, y);
    gpu_kernels().tensor.max(AxisView(x.shape(), 1), x.view(), y.mutable_view());
    append(all, y);
  }
  return all;
}
/// Sorts, finds groups, adds: 600 rows are more than a block meets at a time.
Numbers rows_by_id() {
  const auto rows = values({600, 20}, 4);
  const auto ids = numbers(600, 90);
  auto distinct = Tensor<std::int32_t>::zeros({600}, test::gpu());
  auto sums = Tensor<float>::zeros({600, 20}, test::gpu());
  gpu_kernels().nn.sum_rows_by_id(rows.view(), ids.view(), 7, {}, distinct.mutable_view(),
                                  sums.mutable_view());
  Numbers all = test::elements(sums);
  for (const auto id : test::elements(distinct)) all.push_back(static_cast<float>(id));
  return all;
}
Numbers loss() {
  const Variable<float> scores(values({300, 6}, 5), true);
  const auto labels = numbers(300, 6);
  const auto total = ops::softmax_cross_entropy(scores, labels);
  total.backward();
  Numbers all = test::elements(total.value());
  append(all, scores.grad());
  all.push_back(static_cast<float>(ops::accuracy(scores, labels)));
  return all;
}
Numbers squared_norm() {
  auto value = values({5000}, 6), gradient = values({5000}, 7);
  auto sum = Tensor<double>::zeros({1}, test::gpu());
  const UpdateItem<float> item{{gradient.view(), {}, {}}, value.mutable_view(), {}};
  gpu_kernels().update.add_squared_norm({}, {&item, 1}, sum.mutable_view().data);
  return {static_cast<float>(sum.item())};
}

const std::vector<std::function<Numbers()>> all = {
    transposed_matrix, wide_softmax, [] { return softmax_of(40); }, sums, rows_by_id, loss, squared_norm};

/// Whether the model reports a race when all blocks leave out the barrier that a thread meets as number
/// `call`.
bool notices(const std::function<Numbers()>& kernel, int call) {
  model::Options options;
  options.skip = {model::Word::sync_block, call};
  const model::With with(options);
  try {
    kernel();
  } catch (const model::Fault&) { return true; }
  return false;
}

}  // namespace

TEST_CASE("cuda: every order of threads gives the same bits") {
  for (const auto& kernel : all) {
    const Numbers expected = kernel();
    for (const auto& schedule : model::schedules(0, 3)) {
      model::Options options;
      options.schedule = schedule;
      const model::With with(options);
      INFO(schedule.name());
      CHECK(kernel() == expected);
    }
  }
}

TEST_CASE("cuda: a missing barrier is noticed") {
  CHECK(notices(transposed_matrix, 0));
  CHECK(notices(wide_softmax, 0));
  CHECK(notices(wide_softmax, 1));
  CHECK(notices(sums, 0));
  CHECK(notices(rows_by_id, 0));
  CHECK(notices(rows_by_id, 1));
  CHECK(notices(loss, 0));
  CHECK(notices(squared_norm, 0));
  CHECK_NOTHROW(transposed_matrix());
}

}  // namespace lstmlib::schedules_test
