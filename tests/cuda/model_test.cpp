// SPDX-License-Identifier: MIT
// The execution model: healthy kernels give the same bits in every order of threads, and each rule that a
// kernel breaks is reported in every order.

#include "lstmlib/version.hpp"

#include "launches.hpp"

#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::
    model_test {  // with a name, so that reports can name the kernels

using model::Schedule;
using model::Skip;
using model::With;
using model::Word;
using simt::SharedArray;
using simt::TransactionBarrier;
using test::DeviceFloats;
using test::fault_of;
using test::run;
using test::says;

std::vector<Schedule> all_schedules() { return model::schedules(3, 6); }

/// The fault that a test asks for, under each schedule; `expected` are the words of one of which each must
/// speak.
template <class... Parameters, class... Arguments>
void check_faults(const test::Grid& shape, const Skip& skip, const std::vector<std::string>& expected,
                  void (*kernel)(Parameters...), Arguments&&... arguments) {
  for (const Schedule& schedule : all_schedules()) {
    const With with({.schedule = schedule, .skip = skip});
    const std::string fault = fault_of(shape, kernel, arguments...);
    INFO(schedule.name(), ": ", fault);
    bool said = false;
    for (const auto& words : expected) said = said || says(fault, words);
    CHECK(said);
  }
}
template <class... Parameters, class... Arguments>
void check_healthy(const test::Grid& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
  for (const Schedule& schedule : all_schedules()) {
    const With with({.schedule = schedule});
    CHECK(fault_of(shape, kernel, arguments...) == "");
  }
}

// ---- one block
// -----------------------------------------------------------------------------------------------------

/// Sums over the block, twice through the same place.
template <int Rounds>
__global__ void sum_block(float* out) {
  using namespace simt;
  const SharedArray<float> values{0};
  float sum = static_cast<float>(thread_index());
  for (int round = 0; round < Rounds; ++round) {
    values.store(thread_index(), sum);
    sync_block();
    sum = 0;
    for (int i = 0; i < block_threads(); ++i) sum += values.load(i);
    sync_block();
  }
  out[block_index() * block_threads() + thread_index()] = sum;
}

TEST_CASE("model: sums of a block are the same in every order of threads") {
  const DeviceFloats out(3 * 70);
  std::vector<float> first;
  for (const Schedule& schedule : all_schedules()) {
    const With with({.schedule = schedule});
    run({.blocks = 3, .threads = 70, .shared_bytes = 280}, sum_block<2>, out.data());
    const auto values = out.values();
    CHECK(values[0] == 2415 * 70);
    if (first.empty()) first = values;
    CHECK(values == first);
  }
}

TEST_CASE("model: a missing barrier of a block is reported") {
  const DeviceFloats out(70);
  const test::Grid shape{.threads = 70, .shared_bytes = 280};
  check_healthy(shape, sum_block<2>, out.data());
  check_faults(shape, {Word::sync_block, 0}, {"nobody has written", "may not be written yet"}, sum_block<2>,
               out.data());
  check_faults(shape, {Word::sync_block, 1}, {"may still read", "may not be written yet"}, sum_block<2>,
               out.data());
}

template <bool Twice>
__global__ void write_once(float*) {
  using namespace simt;
  if (thread_index() == 0 || (Twice && thread_index() == 40)) SharedArray<float>{0}.store(0, 1.0f);
}
TEST_CASE("model: two threads that write one place are reported") {
  const test::Grid shape{.threads = 64, .shared_bytes = 4};
  check_healthy(shape, write_once<false>, nullptr);
  check_faults(shape, {}, {"another may be writing"}, write_once<true>, nullptr);
}

enum class Order : std::uint8_t { sync, shuffle };
template <Order By>
__global__ void turn_in_warp(float* out) {
  using namespace simt;
  const SharedArray<float> values{0};
  values.store(thread_index(), static_cast<float>(thread_index()));
  if constexpr (By == Order::sync) sync_warp();
  else (void)shuffle_xor(1, 1);
  out[thread_index()] = values.load(thread_index() ^ 1);
}
TEST_CASE("model: sync_warp orders the lanes of a warp; a shuffle does not") {
  const DeviceFloats out(64);
  const test::Grid shape{.threads = 64, .shared_bytes = 256};
  check_healthy(shape, turn_in_warp<Order::sync>, out.data());
  check_faults(shape, {Word::sync_warp, 0}, {"nobody has written", "may not be written yet"},
               turn_in_warp<Order::sync>, out.data());
  check_faults(shape, {}, {"may not be written yet"}, turn_in_warp<Order::shuffle>, out.data());
}

__global__ void broadcast_in_warp(float* out, int reader) {
  using namespace simt;
  const SharedArray<float> value{0};
  for (int i = 0; i < 3; ++i) {
    if (lane() == 0 && warp() == 0) value.store(0, static_cast<float>(i));
    sync_warp();
    if (warp() == reader) out[thread_index()] = value.load(0);
    sync_warp();
  }
}
TEST_CASE("model: all lanes of a warp may read what its lane writes again, those of another may not") {
  const DeviceFloats out(64);
  check_healthy({.threads = 64, .shared_bytes = 4}, broadcast_in_warp, out.data(), 0);
  check_faults({.threads = 64, .shared_bytes = 4}, {},
               {"nobody has written", "may not be written yet", "may still read"}, broadcast_in_warp,
               out.data(), 1);
  check_faults({.threads = 64, .shared_bytes = 4}, {Word::sync_warp, 1},
               {"may still read", "may not be written yet"}, broadcast_in_warp, out.data(), 0);
}

template <class T>
__global__ void read_at(float* out, std::uint32_t byte_offset, int index) {
  using namespace simt;
  const SharedArray<Float4> all{0};
  all.store(0, {1, 2, 3, 4});
  const T value = SharedArray<T>{byte_offset}.load(index);
  std::memcpy(out, &value, sizeof(float));
}
TEST_CASE("model: reads of unwritten memory, beyond the end, and with wrong alignment are reported") {
  const DeviceFloats out(4);
  const test::Grid shape{.threads = 1, .shared_bytes = 32};
  CHECK(fault_of(shape, read_at<float>, out.data(), 0u, 3) == "");
  CHECK(fault_of(shape, read_at<simt::Float2>, out.data(), 8u, 0) == "");
  CHECK(says(fault_of(shape, read_at<float>, out.data(), 0u, 4), "nobody has written, at shared byte 16"));
  CHECK(says(fault_of(shape, read_at<simt::Float2>, out.data(), 0u, 2), "nobody has written"));
  CHECK(says(fault_of(shape, read_at<float>, out.data(), 0u, 8), "beyond the 32 bytes"));
  CHECK(says(fault_of(shape, read_at<float>, out.data(), 0u, -1),
             "element -1 of the array at byte 0 is beyond"));
  CHECK(says(fault_of(shape, read_at<simt::Float4>, out.data(), 24u, 0), "beyond the 32 bytes"));
  CHECK(says(fault_of(shape, read_at<simt::Float4>, out.data(), 8u, 0), "not aligned for 16 bytes"));
  CHECK(says(fault_of(shape, read_at<float>, out.data(), 2u, 0), "not aligned for 4 bytes"));
}

__global__ void copy_vectors(const float* from, float* to) {
  using namespace simt;
  store_streaming(reinterpret_cast<Float2*>(to), load_global(reinterpret_cast<const Float2*>(from)));
}
TEST_CASE("model: vectors off their alignment in global memory are reported") {
  const DeviceFloats from({1, 2, 3, 4}), to(4);
  run({.threads = 1}, copy_vectors, from.data() + 2, to.data());
  CHECK(to.values()[1] == 4);
  CHECK(says(fault_of({.threads = 1}, copy_vectors, from.data() + 1, to.data()), "not aligned for 8 bytes"));
  CHECK(says(fault_of({.threads = 1}, copy_vectors, from.data(), to.data() + 1), "not aligned for 8 bytes"));
}

// ---- warps
// ---------------------------------------------------------------------------------------------------------

__global__ void shuffles(double* out) {
  using namespace simt;
  const double mine = lane();
  double* row = out + thread_index() * 4;
  row[0] = shuffle_xor(mine, 5);
  row[1] = shuffle_down(mine, 3);
  row[2] = shuffle(mine, 31 - lane());
  row[3] = ballot(lane() % 3 == 0);
}
TEST_CASE("model: shuffles and ballots") {
  double* out = nullptr;
  REQUIRE(cudaMalloc(reinterpret_cast<void**>(&out), 64 * 4 * sizeof(double)) == cudaSuccess);
  for (const Schedule& schedule : all_schedules()) {
    const With with({.schedule = schedule});
    run({.threads = 64}, shuffles, out);
    const model::DeviceMemoryVisible visible;
    for (int thread = 0; thread < 64; ++thread) {
      const int lane = thread % 32;
      CHECK(out[thread * 4] == (lane ^ 5));
      CHECK(out[thread * 4 + 1] == (lane + 3 < 32 ? lane + 3 : lane));
      CHECK(out[thread * 4 + 2] == 31 - lane);
      CHECK(out[thread * 4 + 3] == 0x49249249u);
    }
  }
  REQUIRE(cudaFree(out) == cudaSuccess);
}

enum class Divergence : std::uint8_t { none, other_word, block_barrier, ended, no_lane };
template <Divergence Kind>
__global__ void diverge(float* out) {
  using namespace simt;
  float value = static_cast<float>(lane());
  if (Kind == Divergence::ended && lane() == 7) return;
  if (lane() >= 16 && Kind == Divergence::other_word) (void)ballot(true);
  else if (lane() >= 16 && Kind == Divergence::block_barrier) sync_block();
  else value = shuffle(value, Kind == Divergence::no_lane ? 32 : lane() ^ 1);
  out[thread_index()] = value;
}
TEST_CASE("model: warps that diverge at a shuffle are reported") {
  const DeviceFloats out(32);
  check_healthy({}, diverge<Divergence::none>, out.data());
  check_faults({}, {}, {"lanes of its warp wait at"}, diverge<Divergence::other_word>, out.data());
  check_faults({}, {}, {"wait for it elsewhere", "deadlock"}, diverge<Divergence::block_barrier>, out.data());
  check_faults({}, {}, {"which does not exist or has ended"}, diverge<Divergence::ended>, out.data());
  check_faults({}, {}, {"names lane 32"}, diverge<Divergence::no_lane>, out.data());
}

template <bool HalfFloats>
__global__ void multiply(const float* a, const float* b, float* d, int columns_of_b) {
  using namespace simt;
  const int row = lane() / 4, pair = lane() % 4 * 2;
  const auto pack = [](float low, float high) {
    return HalfFloats ? pack_f16(low, high) : pack_bf16(low, high);
  };
  const auto of_a = [&](int r, int c) { return pack(a[r * 16 + c], a[r * 16 + c + 1]); };
  const auto of_b = [&](int r, int c) {
    return pack(b[r * columns_of_b + c], b[(r + 1) * columns_of_b + c]);
  };
  const std::uint32_t words_of_a[4] = {of_a(row, pair), of_a(row + 8, pair), of_a(row, pair + 8),
                                       of_a(row + 8, pair + 8)};
  const std::uint32_t words_of_b[2] = {of_b(pair, row), of_b(pair + 8, row)};
  float sums[4] = {1, 1, 1, 1};
  if (HalfFloats) mma_f16(sums, words_of_a, words_of_b);
  else mma_bf16(sums, words_of_a, words_of_b);
  for (int i = 0; i < 4; ++i) d[(row + i / 2 * 8) * 8 + pair + i % 2] = sums[i];
}
TEST_CASE(
    "model: products of matrices agree with double precision, and can be cut as the hardware cuts them") {
  std::mt19937 random(7);
  std::vector<float> a(256), b(128);
  for (auto* values : {&a, &b})
    for (float& value : *values)
      value = static_cast<float>(static_cast<int>(random() % 255) - 127) / 64;  // 8 bits: exact
  const DeviceFloats on_a(a), on_b(b), out(128);
  for (const bool half_floats : {false, true})
    for (const bool truncate : {false, true}) {
      const With with({.truncate_products = truncate});
      run({}, half_floats ? multiply<true> : multiply<false>, on_a.data(), on_b.data(), out.data(), 8);
      const auto d = out.values();
      for (std::size_t row = 0; row < 16; ++row)
        for (std::size_t column = 0; column < 8; ++column) {
          double exact = 1;
          for (std::size_t k = 0; k < 16; ++k) exact += double{a[row * 16 + k]} * double{b[k * 8 + column]};
          CHECK(d[row * 8 + column] == exact);  // fits into float, as do all partial sums
        }
    }
  for (float& value : a) value *= 1.0f / 3;
  const DeviceFloats thirds(a);
  run({}, multiply<true>, thirds.data(), on_b.data(), out.data(), 8);
  const auto rounded = out.values();
  const With with({.truncate_products = true});
  run({}, multiply<true>, thirds.data(), on_b.data(), out.data(), 8);
  const auto cut = out.values();
  int different = 0;
  for (std::size_t i = 0; i < cut.size(); ++i) {
    CHECK(std::fabs(cut[i] - rounded[i]) < 1e-5f);  // 17 roundings of numbers below 64
    different += cut[i] != rounded[i];
  }
  CHECK(different > 0);
}

TEST_CASE("model: 16-bit floats are rounded to nearest, ties to even, and come back") {
  const float cases[] = {0.0f,     -0.0f,    1.0f,     1.00390625f, 1.01171875f,   65504.0f, 65519.0f,
                         65520.0f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f,  -0x1.004p-14f, 3.0e38f,  INFINITY};
  const std::uint32_t as_bf16[] = {0,      0x8000, 0x3f80, 0x3f80, 0x3f82, 0x4780, 0x4780,
                                   0x4780, 0x3380, 0x3300, 0x3340, 0xb880, 0x7f62, 0x7f80};
  const std::uint32_t as_f16[] = {0,      0x8000, 0x3c00, 0x3c04, 0x3c0c, 0x7bff, 0x7bff,
                                  0x7c00, 1,      0,      1,      0x8401, 0x7c00, 0x7c00};
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    CAPTURE(cases[i]);
    CHECK(simt::pack_bf16(cases[i], 0) == as_bf16[i]);
    CHECK(simt::pack_f16(0, cases[i]) == as_f16[i] << 16);
  }
  CHECK(std::isnan(simt::bf16_low(simt::pack_bf16(NAN, 0))));
  CHECK(std::isnan(simt::f16_low(simt::pack_f16(NAN, 0))));
  for (std::uint32_t half = 0; half < 0x7c00; ++half) REQUIRE(simt::pack_f16(simt::f16_low(half), 0) == half);
  for (std::uint32_t half = 0; half < 0x7f80; ++half)
    REQUIRE(simt::pack_bf16(0, simt::bf16_low(half)) == half << 16);
}

// ---- clusters
// ------------------------------------------------------------------------------------------------------

enum class Protocol : std::uint8_t {
  healthy,
  one_buffer,        ///< for two steps in a row
  ring,              ///< sends to a block that does not answer: nothing says that it has read
  idle_block,        ///< the last block receives and sends nothing
  sends_at_the_end,  ///< what nobody waits for
  expects_too_few,
  arms_too_early  ///< before the phase is over
};

/// Each block sends its values to all, step after step, as the recurrent kernels do.
template <Protocol Kind>
__global__ void exchange(float* out, int steps) {
  using namespace simt;
  const int blocks = cluster_blocks(), rank = cluster_rank(), threads = block_threads();
  const bool sends = Kind != Protocol::idle_block || rank + 1 < blocks;
  const int senders = Kind == Protocol::ring ? 1 : Kind == Protocol::idle_block ? blocks - 1 : blocks;
  const auto bytes =
      static_cast<std::uint32_t>(senders * threads * 4 - (Kind == Protocol::expects_too_few ? 2 : 0));
  const auto barrier = [](int i) { return TransactionBarrier{static_cast<std::uint32_t>(8 * i)}; };
  const auto buffer = [&](int i) {
    return SharedArray<float>{static_cast<std::uint32_t>(16 + i * blocks * threads * 4)};
  };
  if (thread_index() == 0) {
    barrier(0).init(1);
    barrier(1).init(1);
    fence_barrier_init();
    barrier(0).arrive_expect(bytes);
    barrier(1).arrive_expect(bytes);
  }
  for (int i = thread_index(); i < blocks * threads; i += threads) buffer(0).store(i, static_cast<float>(i));
  cluster_arrive();
  cluster_wait();
  float state = static_cast<float>(rank);
  for (int step = 0; step < steps; ++step) {
    const int current = Kind == Protocol::one_buffer ? 0 : step % 2,
              next = Kind == Protocol::one_buffer ? 0 : 1 - current;
    const bool arms = thread_index() == 0 && step > 0 && step + 2 < steps;
    if (Kind == Protocol::arms_too_early && arms) barrier(current).arrive_expect(bytes);
    if (step > 0)
      barrier(current).wait(
          static_cast<std::uint32_t>(Kind == Protocol::one_buffer ? step - 1 : (step - 1) / 2) & 1);
    if (Kind != Protocol::arms_too_early && arms) barrier(current).arrive_expect(bytes);
    float sum = 0;
    for (int sender = 0; sender < senders; ++sender)
      sum += buffer(current).load(sender * threads + thread_index());
    state = 0.5f * state + sum;
    sync_block();
    if (!sends || (step + 1 == steps && Kind != Protocol::sends_at_the_end)) continue;
    if (Kind == Protocol::ring)
      buffer(next).store_async((rank + 1) % blocks, thread_index(), state, barrier(next));
    else
      for (int to = 0; to < blocks; ++to)
        buffer(next).store_async(to, rank * threads + thread_index(), state, barrier(next));
  }
  out[block_index() * threads + thread_index()] = state;
}

constexpr test::Grid exchange_shape{
    .blocks = 6, .threads = 40, .shared_bytes = 16 + 2 * 3 * 40 * 4, .cluster = 3};

TEST_CASE("model: blocks of a cluster exchange values; the bits are the same in every order") {
  const DeviceFloats out(240);
  std::vector<float> first;
  for (const Schedule& schedule : all_schedules())
    for (const bool check : {true, false}) {
      const With with({.schedule = schedule, .check = check});
      run(exchange_shape, exchange<Protocol::healthy>, out.data(), 9);
      const auto values = out.values();
      if (first.empty()) first = values;
      CHECK(std::memcmp(values.data(), first.data(), values.size() * sizeof(float)) == 0);
    }
  CHECK(first[0] > 1);
}

TEST_CASE("model: each word left out of an exchange is reported") {
  const DeviceFloats out(240);
  const auto kernel = exchange<Protocol::healthy>;
  const auto left_out = [&](const Skip& skip, const std::vector<std::string>& expected) {
    CAPTURE(static_cast<int>(skip.word));
    CAPTURE(skip.call);
    check_faults(exchange_shape, skip, expected, kernel, out.data(), 9);
  };
  const std::vector<std::string> unordered_read = {"on its way", "without waiting for its barrier",
                                                   "nobody has written", "may not be written yet"};
  left_out({Word::barrier_wait, 0}, unordered_read);
  left_out({Word::barrier_wait, 3}, unordered_read);
  left_out({Word::barrier_wait, 3, 1}, unordered_read);
  left_out({Word::sync_block, 0}, {"may still read"});
  left_out({Word::sync_block, 4, 2}, {"may still read"});
  left_out({Word::cluster_barrier, 0},
           {"may not be made yet", "may not be written yet", "no barrier", "nobody has written"});
  left_out({Word::barrier_init, 1}, {"no barrier"});
  left_out({Word::barrier_init, 0, 2}, {"no barrier"});
  left_out({Word::barrier_fence, 0}, {"without fence_barrier_init"});
  left_out({Word::arrive_expect, 0}, {"deadlock"});
  left_out({Word::arrive_expect, 3, 0}, {"deadlock"});
}

TEST_CASE("model: wrong protocols of an exchange are reported") {
  const DeviceFloats out(240);
  const std::vector<std::string> too_fast = {"may still read", "a phase ahead", "on its way"};
  check_faults(exchange_shape, {}, too_fast, exchange<Protocol::one_buffer>, out.data(), 9);
  check_faults(exchange_shape, {}, too_fast, exchange<Protocol::ring>, out.data(), 9);
  check_faults(exchange_shape, {}, too_fast, exchange<Protocol::idle_block>, out.data(), 9);
  check_faults(exchange_shape, {}, {"ends while", "ends in the middle", "has ended", "ends without waiting"},
               exchange<Protocol::sends_at_the_end>, out.data(), 2);
  check_faults(exchange_shape, {}, {"more bytes arrive"}, exchange<Protocol::expects_too_few>, out.data(), 4);
  check_faults(exchange_shape, {}, {"more often in a phase"}, exchange<Protocol::arms_too_early>, out.data(),
               9);
}

enum class Remote : std::uint8_t {
  ordered,
  between_arrival_and_wait,
  not_waited,
  reader_overtaken,
  no_barrier_at_the_end
};
template <Remote Kind>
__global__ void turn_in_cluster(float* out) {
  using namespace simt;
  const SharedArray<float> value{0};
  const int other = cluster_blocks() - 1 - cluster_rank();
  if (Kind == Remote::reader_overtaken) {
    value.store(thread_index(), 1);
    (void)value.load(thread_index());
  }
  if (Kind == Remote::between_arrival_and_wait) cluster_arrive();
  value.store_remote(other, thread_index(), static_cast<float>(block_index()));
  if (Kind == Remote::no_barrier_at_the_end) return;
  if (Kind == Remote::not_waited) sync_block();
  else if (Kind != Remote::between_arrival_and_wait) cluster_arrive();
  if (Kind != Remote::not_waited) cluster_wait();
  out[block_index() * block_threads() + thread_index()] = value.load(thread_index());
  cluster_arrive();
  cluster_wait();
}
TEST_CASE("model: stores to another block are seen after a cluster barrier, and must not overtake readers") {
  const DeviceFloats out(64);
  const test::Grid shape{.blocks = 2, .threads = 32, .shared_bytes = 128, .cluster = 2};
  check_healthy(shape, turn_in_cluster<Remote::ordered>, out.data());
  CHECK(out.values()[0] == 1);
  const std::vector<std::string> unordered = {"nobody has written", "may not be written yet"};
  check_faults(shape, {}, unordered, turn_in_cluster<Remote::between_arrival_and_wait>, out.data());
  check_faults(shape, {}, unordered, turn_in_cluster<Remote::not_waited>, out.data());
  check_faults(shape, {}, {"another may be writing", "may still read"},
               turn_in_cluster<Remote::reader_overtaken>, out.data());
  check_faults(shape, {}, {"may still store to it", "has ended"},
               turn_in_cluster<Remote::no_barrier_at_the_end>, out.data());
}

enum class Misuse : std::uint8_t {
  async_alone,
  rank,
  twice,
  off,
  count,
  data,
  arrive_twice,
  wait_only,
  no_barrier,
  deadlock
};
template <Misuse Kind>
__global__ void misuse(float* out) {
  using namespace simt;
  const TransactionBarrier barrier{0};
  const SharedArray<float> values{16};
  if (thread_index() != 0) return;
  if (Kind != Misuse::no_barrier) barrier.init(Kind == Misuse::count ? 0 : 1);
  if (Kind == Misuse::async_alone) values.store_async(0, 0, 1.0f, barrier);
  if (Kind == Misuse::rank) values.store_remote(1, 0, 1.0f);
  if (Kind == Misuse::twice) barrier.init(1);
  if (Kind == Misuse::off) TransactionBarrier{12}.init(1);
  if (Kind == Misuse::data) out[0] = SharedArray<float>{0}.load(1);
  if (Kind == Misuse::arrive_twice) cluster_arrive(), cluster_arrive();
  if (Kind == Misuse::wait_only) cluster_wait();
  if (Kind == Misuse::no_barrier) barrier.wait(0);
  if (Kind == Misuse::deadlock) {
    barrier.arrive_expect(64);
    barrier.wait(0);
  }
}
TEST_CASE("model: misused barriers and ranks are reported, and deadlocks say who waits where") {
  const DeviceFloats out(1);
  const test::Grid shape{.threads = 32, .shared_bytes = 64};
  CHECK(says(fault_of(shape, misuse<Misuse::async_alone>, out.data()), "cluster of one block"));
  CHECK(says(fault_of(shape, misuse<Misuse::rank>, out.data()), "stores to rank 1 of a cluster of 1"));
  CHECK(says(fault_of(shape, misuse<Misuse::twice>, out.data()), "makes the barrier at byte 0 twice"));
  CHECK(says(fault_of(shape, misuse<Misuse::off>, out.data()), "not a multiple of 8"));
  CHECK(says(fault_of(shape, misuse<Misuse::count>, out.data()), "for 0 arrivals"));
  CHECK(says(fault_of(shape, misuse<Misuse::data>, out.data()), "reads a barrier as data"));
  CHECK(says(fault_of(shape, misuse<Misuse::arrive_twice>, out.data()), "arrives twice"));
  CHECK(says(fault_of(shape, misuse<Misuse::wait_only>, out.data()), "without arriving"));
  CHECK(says(fault_of(shape, misuse<Misuse::no_barrier>, out.data()), "no barrier at byte 0"));
  const std::string deadlock = fault_of(shape, misuse<Misuse::deadlock>, out.data());
  CHECK(says(deadlock, "deadlock; block 0: 1 threads wait for a transaction barrier at byte 0 in phase 0"));
  CHECK(says(deadlock, "lacks 0 arrivals and 64 bytes, the first is 0"));
}

// ---- the model itself
// ----------------------------------------------------------------------------------------------

__global__ void set(float* out, float value) {
  out[simt::block_index() * simt::block_threads() + simt::thread_index()] = value;
}
__global__ void throw_out_of_range(float*) { throw std::out_of_range("from a kernel"); }

TEST_CASE("model: threads that never wait run one after another on one stack") {
  const DeviceFloats out(4 * 256);
  model::statistics() = {};
  run({.blocks = 4, .threads = 256}, set, out.data(), 3.0f);
  CHECK(out.values()[1023] == 3);
  CHECK(model::statistics().threads == 1024);
  CHECK(model::statistics().switches == 2 * 4);  // to the first thread of a block, and back
}

TEST_CASE("model: it goes on after a fault, and exceptions of kernels reach the host") {
  const DeviceFloats out(32);
  for (int i = 0; i < 3; ++i) {
    CHECK(says(fault_of({.threads = 70, .shared_bytes = 280}, write_once<true>, nullptr), "write_once"));
    CHECK_THROWS_WITH_AS(run({}, throw_out_of_range, out.data()), "from a kernel", std::out_of_range);
    run({}, set, out.data(), static_cast<float>(i));
    CHECK(out.values()[31] == static_cast<float>(i));
  }
}

}  // namespace lstmlib::cuda::model_test
