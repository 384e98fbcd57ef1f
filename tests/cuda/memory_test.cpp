// SPDX-License-Identifier: MIT
// The pool of device memory, and copies from the host that do not wait.
#include "lstmlib/backend/cuda/context.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

using namespace lstmlib;
using namespace lstmlib::cuda;

namespace {

std::vector<std::int32_t> counted(std::size_t count, std::int32_t first) {
  std::vector<std::int32_t> made(count);
  std::iota(made.begin(), made.end(), first);
  return made;
}
std::vector<std::int32_t> fetched(Context& context, const std::int32_t* from, std::size_t count) {
  std::vector<std::int32_t> made(count);
  check(cudaMemcpyAsync(made.data(), from, count * 4, cudaMemcpyDeviceToHost, context.stream.handle()),
        "copy");
  context.synchronise();
  return made;
}

/// The model's device has so little memory, or may be asked so seldom, for a scope.
class Limited {
 public:
  Limited() : before_(model::device()) {}
  ~Limited() {
    model::device().memory_bytes = before_.memory_bytes;
    model::device().allocations_left = before_.allocations_left;
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  model::Device before_;
};

}  // namespace

TEST_CASE("cuda memory: blocks are aligned, differ, and serve again the next of about their size") {
  Context context(0);
  std::set<void*> all;
  for (const std::size_t bytes : std::initializer_list<std::size_t>{0, 1, 255, 256, 4000, 100'000}) {
    void* data = context.allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(data) % 256 == 0);
    CHECK(all.insert(data).second);
  }
  void* large = context.allocate(1'000'000);
  context.release(large, 1'000'000);
  CHECK(context.memory.cached_bytes() >= 1'000'000);
  CHECK(context.allocate(1'000'500) == large);
  CHECK(context.memory.cached_bytes() == 0);
}

TEST_CASE("cuda memory: in steady state the driver is not asked") {
  Context context(0);
  const auto step = [&] {
    Scratch scratch(context);
    for (Index size = 1; size < 100'000; size *= 3) scratch.take<float>({size});
  };
  step();
  const Limited limited;
  model::device().allocations_left = 0;
  CHECK_NOTHROW(step());
  // Nor during a capture, which it might break.
  context.stream.begin_capture();
  CHECK_NOTHROW(step());
  check(cudaGraphDestroy(context.stream.end_capture()), "cudaGraphDestroy");
}

TEST_CASE("cuda memory: what is kept is given back when there is not enough; then the error says how much") {
  Context context(0);
  const Limited limited;
  const std::size_t before = model::memory_table().used(), room = std::size_t{4} << 20;
  model::device().memory_bytes = before + room;
  void* first = context.allocate(room / 2);
  context.release(first, room / 2);
  void* second = context.allocate(room * 3 / 4);  // not beside the first
  CHECK(context.memory.cached_bytes() == 0);
  const std::size_t asked = room / 2;
  try {
    context.allocate(asked);
    FAIL("there was enough");
  } catch (const DeviceError& error) {
    const std::string words = error.what();
    CHECK(words.find("cuda: 2097152 bytes requested on device 0, ") == 0);
    CHECK(words.find(" are free") != std::string::npos);
  }
  context.release(second, room * 3 / 4);
  CHECK_NOTHROW(context.release(context.allocate(asked), asked));
}

TEST_CASE("cuda memory: what a graph still uses is not given back") {
  Context context(0);
  const Limited limited;
  const std::size_t room = std::size_t{4} << 20;
  model::device().memory_bytes = model::memory_table().used() + room;
  context.stream.begin_capture();
  void* used = context.allocate(room / 2);
  check(cudaMemsetAsync(used, 1, 100, context.stream.handle()), "cudaMemsetAsync");
  context.release(used, room / 2);
  CHECK_THROWS_AS(context.allocate(room * 3 / 4), DeviceError);
  check(cudaGraphDestroy(context.stream.end_capture()), "cudaGraphDestroy");
  context.memory.graph_was_launched();
  CHECK_NOTHROW(context.allocate(room * 3 / 4));
}

TEST_CASE("cuda copies: the host may change its bytes at once, however many there are") {
  Context context(0);
  constexpr std::size_t count = 700'000;  // 2.8 MB: pieces
  auto* to = static_cast<std::int32_t*>(context.allocate(count * 4));
  std::vector<std::int32_t> source = counted(count, 5);
  const auto expected = source;
  context.staging.copy(to, source.data(), count * 4);
  std::fill(source.begin(), source.end(), -1);
  CHECK(fetched(context, to, count) == expected);
}

TEST_CASE("cuda copies: pinned memory is used again, but not before it has been read") {
  Context context(0);
  constexpr std::size_t count = 100'000, copies = 80;  // 32 MB through chunks of 1 MiB
  std::vector<std::int32_t*> to;
  for (std::size_t i = 0; i < copies; ++i) {
    to.push_back(static_cast<std::int32_t*>(context.allocate(count * 4)));
    context.staging.copy(to.back(), counted(count, static_cast<std::int32_t>(i)).data(), count * 4);
  }
  for (std::size_t i = 0; i < copies; ++i)
    CHECK(fetched(context, to[i], count) == counted(count, static_cast<std::int32_t>(i)));
  const Limited limited;
  model::device().allocations_left = 0;
  for (std::size_t i = 0; i < copies; ++i) context.staging.copy(to[i], counted(count, 7).data(), count * 4);
  CHECK(fetched(context, to.back(), count) == counted(count, 7));
}

TEST_CASE("cuda copies: what a graph reads stays as long as it may run") {
  Context context(0);
  constexpr std::size_t count = 300'000;
  auto* to = static_cast<std::int32_t*>(context.allocate(count * 4));
  auto* other = static_cast<std::int32_t*>(context.allocate(count * 4));
  context.stream.begin_capture();
  context.staging.copy(to, counted(count, 1).data(), count * 4);
  cudaGraph_t graph = context.stream.end_capture();
  cudaGraphExec_t ready = nullptr;
  check(cudaGraphInstantiate(&ready, graph, 0), "cudaGraphInstantiate");
  {
    const Staging::Held held = context.staging.hold_captured();
    for (int run = 0; run < 3; ++run) {
      for (int i = 0; i < 40; ++i) context.staging.copy(other, counted(count, 1000 * i).data(), count * 4);
      check(cudaMemsetAsync(to, 0, count * 4, context.stream.handle()), "cudaMemsetAsync");
      check(cudaGraphLaunch(ready, context.stream.handle()), "cudaGraphLaunch");
      CHECK(fetched(context, to, count) == counted(count, 1));
    }
  }
  check(cudaGraphExecDestroy(ready), "cudaGraphExecDestroy");
  check(cudaGraphDestroy(graph), "cudaGraphDestroy");
}

TEST_CASE("cuda: an error of the runtime says what was tried, and is told once") {
  CHECK_THROWS_WITH_AS(
      check(cudaErrorInvalidValue, "a copy"),
      message("cuda: a copy: cudaErrorInvalidValue (", static_cast<int>(cudaErrorInvalidValue),
              "): ", cudaGetErrorString(cudaErrorInvalidValue))
          .c_str(),
      DeviceError);
  CHECK(cudaGetLastError() == cudaSuccess);
}
