// SPDX-License-Identifier: MIT
// Sums between GPUs beside the kernels of a step, kernel by kernel and as graphs.
#include "lstmlib/backend/cuda/side_stream.hpp"
#include "lstmlib/distributed/nccl/library.hpp"

#include "nccl/connect.hpp"

namespace lstmlib::nccl_test {

/// The steps of a training: sums under way while kernels run. What comes after wait() sees the sums, and
/// memory of a sum that nobody else knows is not used for anything before.
std::vector<float> steps(Communicator& nccl, int count, GradientCompression compression, bool run_as_graph) {
  auto total = on_gpu(std::vector<float>(40, 0));
  auto& tensor_kernels = test::gpu().backend().kernels<float>(0).tensor;
  const auto step = [&] {
    auto first = on_gpu(numbers<float>(40, nccl.rank())), second = on_gpu(numbers<float>(300, nccl.rank()));
    twice(first);
    auto sum_of_first = nccl.all_reduce_async(first, compression);
    twice(second);
    auto sum_of_second = nccl.all_reduce_async(second, compression);
    auto forgotten = nccl.all_reduce_async(on_gpu(numbers<float>(40, 9)), compression);
    std::vector<Tensor<float>> others;
    for (int i = 0; i < 4; ++i) twice(others.emplace_back(on_gpu(numbers<float>(40, 7))));
    sum_of_first->wait();
    tensor_kernels.add_scaled(1, first.view(), total.mutable_view());
    sum_of_second->wait();
    tensor_kernels.add_scaled(1, second.rows(200, 40).view(), total.mutable_view());
    forgotten->wait();
    for (const auto& other : others) tensor_kernels.add_scaled(1, other.view(), total.mutable_view());
  };
  for (int i = 0; i < count; ++i)
    if (run_as_graph) test::gpu().backend().run_as_graph(0, step);
    else step();
  return test::elements(total);
}
std::vector<float> expected_steps(int size, int count, GradientCompression compression) {
  const auto sums = [&](std::size_t of) {
    std::vector<float> sum(of);
    for (int rank = 0; rank < size; ++rank)
      for (std::size_t i = 0; i < of; ++i) {
        const float twice_that = 2 * numbers<float>(of, rank)[i];
        sum[i] += compression == GradientCompression::bf16 ? rounded(twice_that) : twice_that;
      }
    if (compression == GradientCompression::bf16)
      for (float& value : sum) value = rounded(value);
    return sum;
  };
  const auto first = sums(40), second = sums(300);
  std::vector<float> total(40);
  for (int i = 0; i < count; ++i)
    for (std::size_t j = 0; j < 40; ++j) {
      total[j] = total[j] + first[j] + second[200 + j];
      for (int other = 0; other < 4; ++other) total[j] += 2 * numbers<float>(40, 7)[j];
    }
  return total;
}

TEST_CASE("nccl: sums are under way while kernels run, in steps kernel by kernel and as graphs") {
  for (const GradientCompression compression : {GradientCompression::none, GradientCompression::bf16}) {
    const auto expected = expected_steps(2, 5, compression);
    for (const Speed speed : {Speed::late, Speed::at_once})
      for (const bool run_as_graph : {false, true}) {
        CAPTURE(run_as_graph);
        CAPTURE(static_cast<int>(speed));
        const auto all = on_ranks(2, [&](Communicator& host) {
          const auto nccl = connect(host, speed);
          const auto made = context().graphs.ready().made();
          auto total = steps(*nccl, 5, compression, run_as_graph);
          // One graph for all of them, and nothing beside it.
          if (context().graphs.ready().made() - made != (run_as_graph ? 1u : 0u))
            fail<Error>("graphs: ", context().graphs.ready().made() - made);
          if (!context().graphs.usable()) fail<Error>("no graphs are used");
          return total;
        });
        for (const auto& one : all) CHECK(one == expected);
      }
  }
}

TEST_CASE("nccl: the first step is a graph in all processes, whatever one of them has done before") {
  const auto all = on_ranks(2, [](Communicator& host) {
    if (host.is_main_process()) test::gpu().backend().run_as_graph(0, [] {});
    const auto nccl = connect(host);
    auto values = on_gpu(numbers<float>(40, host.rank()));
    test::gpu().backend().run_as_graph(0, [&] { nccl->all_reduce(values); });
    return std::vector<std::size_t>{context().graphs.ready().made()};
  });
  for (const auto& made : all) CHECK(made[0] == 1);
}

TEST_CASE("nccl: a sum may reach across the border of a piece, and what has thrown leaves nothing behind") {
  struct Broken {};
  for (const Speed speed : {Speed::late, Speed::at_once}) {
    const auto all = on_ranks(2, [&](Communicator& host) {
      const auto nccl = connect(host, speed);
      auto& backend = test::gpu().backend();
      auto values = on_gpu(numbers<float>(40, host.rank()));
      std::vector<float> seen;
      // Begun before the piece, and within it; waited for within it, and after it.
      auto before = nccl->all_reduce_async(values, GradientCompression::none);
      std::unique_ptr<distributed::Work> within;
      backend.run_as_graph(0, [&] {
        before->wait();
        twice(values);
        within = nccl->all_reduce_async(values, GradientCompression::none);
      });
      within->wait();
      append(seen, test::elements(values));
      // Something reads from the device meanwhile.
      backend.run_as_graph(0, [&] {
        auto sum = nccl->all_reduce_async(values, GradientCompression::none);
        append(seen, test::elements(on_gpu<float>({1, 2})));
        sum->wait();
        twice(values);
      });
      append(seen, test::elements(values));
      // Nobody waits.
      nccl->all_reduce_async(values, GradientCompression::none).reset();
      append(seen, test::elements(values));
      // The piece ends with an exception, and nothing of it is done; the sum is known within it, or outside.
      std::unique_ptr<distributed::Work> outside;
      for (const bool keep : {false, true}) try {
          backend.run_as_graph(0, [&] {
            auto sum = nccl->all_reduce_async(values, GradientCompression::none);
            if (keep) outside = std::move(sum);
            throw Broken{};
          });
        } catch (const Broken&) {}
      outside->wait();
      if (!context().graphs.usable()) fail<Error>("no graphs are used any more");
      append(seen, test::elements(values));
      backend.run_as_graph(0, [&] { nccl->all_reduce(values); });
      append(seen, test::elements(values));
      return seen;
    });
    std::vector<float> now(40), expected;
    for (std::size_t i = 0; i < 40; ++i) now[i] = (numbers<float>(40, 0)[i] + numbers<float>(40, 1)[i]) * 4;
    append(expected, now);
    append<float>(expected, {1, 2});
    for (float& value : now) value *= 4;
    append(expected, now);
    for (float& value : now) value *= 2;
    append(expected, now);
    append(expected, now);
    for (float& value : now) value *= 2;
    append(expected, now);
    for (const auto& one : all) CHECK(one == expected);
  }
}

// Work that is always as late as it may be would hide the one, work that is always done at once the other.
TEST_CASE("nccl: a stream that is not forked, or not joined, is found by these tests") {
  const auto sums = [](bool fork, bool join, Speed speed) {
    const auto all = on_ranks(2, [&](Communicator& host) {
      (void)connect(host, speed);  // loads it
      const auto nccl = nccl::load_library();
      nccl::NcclId id{};
      if (host.is_main_process()) nccl.get_unique_id(&id);
      host.broadcast(std::as_writable_bytes(std::span(id.bytes)), 0);
      nccl::NcclComm comm = nullptr;
      nccl.comm_init_rank(&comm, 2, id, host.rank());
      auto values = on_gpu<float>({1});
      cuda::Stream& main = context().stream;
      cuda::SideStream side(main);
      twice(values);
      if (fork) side.fork();
      nccl.all_reduce(values.view().data, values.mutable_view().data, 1, nccl::NcclType::float32,
                      nccl::NcclOperation::sum, comm, side.stream().handle());
      if (join) side.join(side.mark());
      twice(values);
      auto seen = test::elements(values);
      cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
      nccl.comm_destroy(comm);
      return seen;
    });
    return all[0][0];
  };
  for (const Speed speed : {Speed::late, Speed::at_once}) CHECK(sums(true, true, speed) == 8);
  CHECK_FALSE(sums(false, true, Speed::at_once) == 8);
  CHECK_FALSE(sums(true, false, Speed::late) == 8);
}

}  // namespace lstmlib::nccl_test
