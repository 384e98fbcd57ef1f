// SPDX-License-Identifier: MIT
// What the device's parts take, of which a step of a recurrent layer is made: barriers of clusters,
// asynchronous stores to other blocks, products of matrices, launches. Lines of JSON.
//   latencies [REPETITIONS]
// Cycles are those of the multiprocessor's clock; what a device cannot do is left out.
#include "../cpu/side.hpp"

#include <lstmlib/backend/cuda/context.hpp>
#include <lstmlib/backend/cuda/launch.hpp>
#include <lstmlib/backend/cuda/simt.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace lstmlib::cuda {

inline constexpr int block_size = 128;

/// cycles [1]: of a barrier of the cluster.
static __global__ void __launch_bounds__(block_size)
    cluster_barrier_kernel(long long* cycles, int repetitions) {
  simt::cluster_arrive();
  simt::cluster_wait();
  const long long start = simt::clock();
  for (int i = 0; i < repetitions; ++i) {
    simt::cluster_arrive();
    simt::cluster_wait();
  }
  const long long end = simt::clock();
  if (simt::cluster_rank() == 0 && simt::thread_index() == 0) *cycles = (end - start) / repetitions;
}

/// cycles [1]: from a 16-byte store to the neighbour until its answer is there.
static __global__ void __launch_bounds__(block_size) round_trip_kernel(long long* cycles, int repetitions) {
  const simt::TransactionBarrier barrier{0};
  const simt::SharedArray<simt::Word4> slot{64};
  const bool plays = simt::thread_index() == 0 && simt::cluster_rank() < 2;
  const int other = simt::cluster_rank() ^ 1;
  if (simt::thread_index() == 0) {
    barrier.init(1);
    simt::fence_barrier_init();
  }
  simt::cluster_arrive();
  simt::cluster_wait();
  if (plays) {
    const bool begins = simt::cluster_rank() == 0;
    const simt::Word4 message{1, 2, 3, 4};
    barrier.arrive_expect(16);
    const long long start = simt::clock();
    for (int i = 0; i < repetitions; ++i) {
      if (begins) slot.store_async(other, 0, message, barrier);
      barrier.wait(static_cast<std::uint32_t>(i & 1));
      if (i + 1 < repetitions) barrier.arrive_expect(16);
      if (!begins) slot.store_async(other, 0, message, barrier);
    }
    if (begins) *cycles = (simt::clock() - start) / repetitions;
  }
  simt::cluster_arrive();
  simt::cluster_wait();
}

/// cycles [2]: of a product of 16 x 16 and 16 x 8 until the next can use its sums, and until the next can
/// begin, both times eight.
static __global__ void __launch_bounds__(block_size)
    product_kernel(long long* cycles, float* sums, int repetitions) {
  float d[8][4] = {};
  const std::uint32_t a[4] = {1, 2, 3, 4}, b[2] = {5, 6};
  const long long start = simt::clock();
  for (int i = 0; i < repetitions; ++i)
#pragma unroll
    for (int k = 0; k < 8; ++k) simt::mma_bf16(d[0], a, b);
  const long long middle = simt::clock();
  for (int i = 0; i < repetitions; ++i)
#pragma unroll
    for (int k = 0; k < 8; ++k) simt::mma_bf16(d[k], a, b);
  const long long end = simt::clock();
  float sum = 0;
#pragma unroll
  for (int k = 0; k < 8; ++k) sum += d[k][0];
  sums[simt::thread_index()] = sum;  // else the products would not be needed
  if (simt::thread_index() == 0) {
    cycles[0] = (middle - start) / repetitions;
    cycles[1] = (end - middle) / repetitions;
  }
}

static __global__ void empty_kernel() {}

namespace {

void say(const std::string& latency, int blocks, double value, const char* unit) {
  std::cout << "{\"latency\": " << side::quoted(latency) << ", \"blocks\": " << blocks
            << ", \"value\": " << side::number(value) << ", \"unit\": \"" << unit << "\"}" << std::endl;
}

class Latencies {
 public:
  explicit Latencies(int repetitions) : repetitions_(repetitions) {}

  void clusters() {
    for (const int blocks : {2, 4, 8, 16}) {
      const LaunchShape shape{
          .blocks = blocks, .threads = block_size, .shared_bytes = 1024, .cluster = blocks};
      measure("barrier of a cluster", shape, cluster_barrier_kernel);
      measure("asynchronous store and its answer", shape, round_trip_kernel);
    }
  }
  void products() {
    const View<float> sums = scratch_.take<float>({block_size});
    const View<long long> cycles = scratch_.take<long long>({2});
    launch(context_.stream, {.threads = block_size}, product_kernel, cycles.data, sums.data, repetitions_);
    const auto counted = values(cycles);
    say("product of 16 x 16 and 16 x 8, dependent", 1, static_cast<double>(counted[0]) / 8, "cycles");
    say("product of 16 x 16 and 16 x 8, independent", 1, static_cast<double>(counted[1]) / 8, "cycles");
  }
  void launches() {
    const auto empty = [this] { launch(context_.stream, {.threads = 32}, empty_kernel); };
    say("empty kernel, launched and waited for", 1, microseconds_of(1, empty), "us");
    say("empty kernel, one of many", 1, microseconds_of(repetitions_, empty), "us");
    for (const int kernels : {1, 100}) {
      const auto all = [&] {
        for (int i = 0; i < kernels; ++i) empty();
      };
      const std::string name =
          "graph of " + std::to_string(kernels) + (kernels == 1 ? " kernel" : " kernels");
      const auto captured = [&] { context_.graphs.run_as_graph(all); };
      say(name + ", captured, updated and waited for", 1, microseconds_of(1, captured), "us");
      context_.stream.begin_capture();
      all();
      cudaGraph_t graph = context_.stream.end_capture();
      cudaGraphExec_t ready = ReadyGraphs::instantiated(graph);
      const auto replay = [&] { check(cudaGraphLaunch(ready, context_.stream.handle()), "cudaGraphLaunch"); };
      say(name + ", ready, launched and waited for", 1, microseconds_of(1, replay), "us");
      check(cudaGraphExecDestroy(ready), "cudaGraphExecDestroy");
      check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    }
  }

 private:
  template <class Kernel>
  void measure(const char* latency, const LaunchShape& shape, Kernel kernel) {
    try {
      const View<long long> cycles = scratch_.take<long long>({1});
      launch(context_.stream, shape, kernel, cycles.data, repetitions_);
      say(latency, shape.cluster, static_cast<double>(values(cycles)[0]), "cycles");
    } catch (const Error& error) {
      std::cerr << "left out: " << latency << ", " << shape.cluster << " blocks: " << error.what() << '\n';
    }
  }
  std::vector<long long> values(View<long long> there) {
    std::vector<long long> here(static_cast<std::size_t>(there.size()));
    check(cudaMemcpyAsync(here.data(), there.data, here.size() * sizeof(long long), cudaMemcpyDeviceToHost,
                          context_.stream.handle()),
          "copy to the host");
    context_.synchronise();
    return here;
  }
  /// The median of some times that `calls` calls and a wait take, divided by the calls.
  template <class Work>
  double microseconds_of(int calls, Work work) {
    std::vector<double> times;
    for (int i = 0; i < 15; ++i)
      times.push_back(side::seconds_of([&] {
        for (int k = 0; k < calls; ++k) work();
        context_.synchronise();
      }));
    return side::median(times) / calls * 1e6;
  }

  int repetitions_;
  Context context_{0};
  Scratch scratch_{context_};
};

}  // namespace
}  // namespace lstmlib::cuda

int main(int count, char** words) {
  using namespace lstmlib::cuda;
  try {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    Latencies latencies(count > 1 ? std::atoi(words[1]) : 1000);
    if (properties.major >= 9) latencies.clusters();
    if (properties.major >= 8) latencies.products();
    latencies.launches();
  } catch (const std::exception& error) {
    std::cerr << "latencies: " << error.what() << '\n';
    return 1;
  }
}
