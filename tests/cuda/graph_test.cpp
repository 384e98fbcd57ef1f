// SPDX-License-Identifier: MIT
// Work of a device as one piece: it does what the same work does kernel by kernel, whatever happens within.
#include "lstmlib/backend/cuda/backend.hpp"

#include "backends.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

using namespace lstmlib;

namespace {

cuda::CudaBackend& gpu() { return static_cast<cuda::CudaBackend&>(test::gpu().backend()); }
cuda::Graphs& graphs() { return gpu().context(0).graphs; }
Device device() { return {gpu(), 0}; }

Tensor<float> numbers(Index count, float first) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + 0.25f * static_cast<float>(i);
  return Tensor<float>::from(values, {count}, device());
}
std::vector<float> read(const Tensor<float>& x) {
  const auto here = x.to(Device::cpu());
  const auto values = here.values();
  return {values.begin(), values.end()};
}
/// x = x + x, `times` times: as many kernels.
void twice(Tensor<float>& x, int times) {
  auto& tensor_kernels = gpu().kernels<float>(0).tensor;
  for (int i = 0; i < times; ++i) tensor_kernels.add_scaled(1, x.view(), x.mutable_view());
}
/// The first piece of a device runs kernel by kernel.
void warm_up() {
  gpu().run_as_graph(0, [] {});
}

}  // namespace

TEST_CASE("graph: pieces of work do what they say, each once") {
  warm_up();
  const auto made = graphs().ready().made();
  auto x = numbers(300, 1);
  const auto start = read(x);
  for (int round = 1; round <= 5; ++round) {
    int calls = 0;
    gpu().run_as_graph(0, [&] {
      ++calls;
      twice(x, 3);
    });
    CHECK(calls == 1);
    auto expected = start;
    for (auto& value : expected) value *= static_cast<float>(1 << (3 * round));
    CHECK(read(x) == expected);
  }
  CHECK(graphs().ready().made() == made + 1);  // and then updated
}

TEST_CASE("graph: data that came from the host meanwhile is that of the call") {
  warm_up();
  auto sum = numbers(4, 0);
  sum.clear();
  for (int round = 0; round < 4; ++round)
    gpu().run_as_graph(0, [&] {
      const auto x = numbers(4, static_cast<float>(round));
      gpu().kernels<float>(0).tensor.add_scaled(1, x.view(), sum.mutable_view());
    });
  CHECK(read(sum) == std::vector<float>{6, 7, 8, 9});
}

TEST_CASE("graph: other kernels, or the same number of other kinds, make another graph") {
  warm_up();
  auto x = numbers(50, 1), y = numbers(50, 2);
  const auto of_x = read(x);
  for (int round = 0; round < 3; ++round) {
    gpu().run_as_graph(0, [&] {
      twice(x, 2);
      y.clear();
    });
    CHECK(read(y) == std::vector<float>(50, 0));
    gpu().run_as_graph(0, [&] {
      y.clear();
      twice(x, 2);
    });
    gpu().run_as_graph(0, [&] { twice(x, 5); });
  }
  auto expected = of_x;
  for (auto& value : expected) value *= static_cast<float>(1 << 27);
  CHECK(read(x) == expected);
}

TEST_CASE("graph: as many kernels, but others, make another graph") {
  warm_up();
  auto x = numbers(50, 1);
  const auto start = read(x);
  auto& tensor_kernels = gpu().kernels<float>(0).tensor;
  for (int round = 0; round < 3; ++round) {
    gpu().run_as_graph(0, [&] { tensor_kernels.fill(2, x.mutable_view()); });
    CHECK(read(x) == std::vector<float>(50, 2));
    gpu().run_as_graph(0, [&] { tensor_kernels.add_scaled(1, x.view(), x.mutable_view()); });
    CHECK(read(x) == std::vector<float>(50, 4));
    gpu().run_as_graph(0, [&] { tensor_kernels.unary(UnaryOp::relu, x.view(), x.mutable_view()); });
    CHECK(read(x) == std::vector<float>(50, 4));
  }
}

TEST_CASE("graph: pieces within pieces are part of the outer one") {
  warm_up();
  auto x = numbers(10, 1);
  const auto start = read(x);
  gpu().run_as_graph(0, [&] {
    twice(x, 1);
    gpu().run_as_graph(0, [&] { twice(x, 1); });
    CHECK(gpu().context(0).stream.capturing());
    twice(x, 1);
  });
  CHECK_FALSE(gpu().context(0).stream.capturing());
  auto expected = start;
  for (auto& value : expected) value *= 8;
  CHECK(read(x) == expected);
}

TEST_CASE("graph: an exception ends a piece, of which nothing is done; the next one works") {
  warm_up();
  auto x = numbers(10, 1);
  const auto start = read(x);
  struct Broken {};
  for (int round = 0; round < 3; ++round)
    CHECK_THROWS_AS(gpu().run_as_graph(0,
                                       [&] {
                                         twice(x, 2);
                                         gpu().run_as_graph(0, [&] {
                                           twice(x, 1);
                                           throw Broken{};
                                         });
                                       }),
                    Broken);
  CHECK_FALSE(gpu().context(0).stream.capturing());
  CHECK(read(x) == start);
  gpu().run_as_graph(0, [&] { twice(x, 1); });
  auto expected = start;
  for (auto& value : expected) value *= 2;
  CHECK(read(x) == expected);
}

TEST_CASE("graph: what is kept beside layout is copied again where its first copy never ran") {
  warm_up();
  const std::vector<Index> lengths{2, 3, 1};
  const SequenceLayout layout(lengths);
  const auto x = numbers(6, 1);
  auto y = numbers(3, 0);
  auto& nn_kernels = gpu().kernels<float>(0).nn;
  const View<const float> rows{x.view().data, {6, 1}};
  const View<float> sums{y.mutable_view().data, {3, 1}};
  struct Broken {};
  CHECK_THROWS_AS(gpu().run_as_graph(0,
                                     [&] {
                                       nn_kernels.segment_sum(layout, false, rows, sums);
                                       throw Broken{};
                                     }),
                  Broken);
  nn_kernels.segment_sum(layout, false, rows, sums);
  CHECK(read(y) == std::vector<float>{2.25f, 5.25f, 2.25f});
}

TEST_CASE("graph: work that waits for the device divides a piece in two, and sees what it waited for") {
  warm_up();
  auto x = numbers(2, 1);
  std::vector<float> seen;
  gpu().run_as_graph(0, [&] {
    twice(x, 2);
    seen = read(x);
    twice(x, 1);
    gpu().synchronise(0);
    twice(x, 1);
  });
  CHECK(seen == std::vector<float>{4, 5});
  CHECK(read(x) == std::vector<float>{16, 20});
}

TEST_CASE("graph: copies from the host that fill the pinned memory just before a piece, and in it") {
  warm_up();
  constexpr Index chunk = 1 << 18;  // floats: what the staging takes at once
  for (int round = 0; round < 4; ++round) {
    gpu().run_as_graph(0, [] {});  // the next copy begins a chunk
    const auto large = numbers(chunk, static_cast<float>(round));
    Tensor<float> small, other;
    gpu().run_as_graph(0, [&] {
      small = numbers(3, 7);
      other = numbers(chunk + 5, 1);
    });
    CHECK(read(large).back() == static_cast<float>(round) + 0.25f * static_cast<float>(chunk - 1));
    CHECK(read(small) == std::vector<float>{7, 7.25f, 7.5f});
    CHECK(read(other).back() == 1 + 0.25f * static_cast<float>(chunk + 4));
  }
}

TEST_CASE(
    "graph: what another thread asks for while one has a piece under way comes after it, and is no part of "
    "it") {
  warm_up();
  auto mine = numbers(64, 1), theirs = numbers(64, 3);
  const auto before = read(mine);
  auto doubled = read(theirs);
  for (auto& value : doubled) value *= 2;
  std::promise<void> started;
  std::atomic<bool> done = false;
  std::thread other;
  const auto piece = [&] {
    twice(mine, 1);
    other = std::thread([&] {
      started.set_value();
      twice(theirs, 1);
      done = true;
    });
    started.get_future().wait();
    for (int wait = 0; wait < 50 && !done; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK_FALSE(done.load());
    fail<Error>("the piece ends here, with all that is part of it");
  };
  CHECK_THROWS_AS(gpu().run_as_graph(0, piece), Error);
  other.join();
  CHECK(read(mine) == before);
  CHECK(read(theirs) == doubled);
}

TEST_CASE("graph: memory that a piece gives back is used by what comes after it, not before") {
  warm_up();
  auto x = numbers(1000, 1), sum = numbers(1000, 0);
  sum.clear();
  auto& tensor_kernels = gpu().kernels<float>(0).tensor;
  for (int round = 0; round < 6; ++round) {
    gpu().run_as_graph(0, [&] {
      for (int i = 0; i < 3; ++i) {
        auto copy = x.clone();
        twice(copy, 1);
        tensor_kernels.add_scaled(1, copy.view(), sum.mutable_view());
      }
    });
    auto other = x.clone();  // of the same size
    other.clear();
  }
  auto expected = read(x);
  for (auto& value : expected) value *= 36;
  CHECK(read(sum) == expected);
}

TEST_CASE("graph: of pieces of very many sizes, some graphs are kept") {
  warm_up();
  auto x = numbers(4, 0);
  for (int size = 1; size < 200; ++size) gpu().run_as_graph(0, [&] { twice(x, size); });
  CHECK(graphs().ready().size() <= 128);
  CHECK(read(x) == std::vector<float>{0, INFINITY, INFINITY, INFINITY});
}
