// SPDX-License-Identifier: MIT
// The persistent LSTM kernels on the execution model, against plain loops in double precision.

#include "cluster_case.hpp"

#include "lstmlib/backend/cuda/recurrent/cluster_backward.cuh"
#include "lstmlib/backend/cuda/recurrent/cluster_forward.cuh"
#include "lstmlib/backend/cuda/recurrent/small_batch.cuh"

namespace lstmlib::test {
namespace {

using cuda::BackwardLayout;
using cuda::BackwardShape;
using cuda::ForwardLayout;
using cuda::ForwardShape;
using cuda::Operands;
using cuda::model::Fault;
using cuda::model::Schedule;
using cuda::model::Word;

/// A forward and a backward kernel that go together.
template <ForwardShape forward_shape, BackwardShape backward_shape>
struct Pair {
  using Forward = ForwardLayout<forward_shape>;
  using Backward = BackwardLayout<backward_shape>;
  static constexpr cuda::PackedWeights layout{forward_shape.padded_size, forward_shape.operands,
                                              backward_shape.operands};

  template <class Layout>
  static cuda::LaunchShape grid(const LayerCase& layer, int directions) {
    return {.blocks = cuda::pieces(static_cast<int>(layer.layout.sequences()), cuda::cluster_sequences) *
                      Layout::blocks,
            .blocks_y = directions,
            .threads = Layout::threads,
            .shared_bytes = static_cast<int>(Layout::bytes),
            .cluster = Layout::blocks};
  }
  static void forward(cuda::Stream& stream, const LayerCase& layer, const cuda::ClusterForward& arguments,
                      int directions = 1) {
    cuda::launch(stream, grid<Forward>(layer, directions), cuda::cluster_forward_kernel<Forward>, arguments);
  }
  static void backward(cuda::Stream& stream, const LayerCase& layer, const cuda::ClusterBackward& arguments,
                       int directions = 1) {
    cuda::launch(stream, grid<Backward>(layer, directions), cuda::cluster_backward_kernel<Backward>,
                 arguments);
  }
  static LayerResult<float> run(const LayerCase& layer, bool in_place = false) {
    cuda::Stream stream(0);
    const DeviceLayer device(layer, layout, in_place);
    const int hidden_size = static_cast<int>(layer.hidden_size);
    device.pack(stream);
    forward(stream, layer, {{device.forward(), {}}, device.placed(), hidden_size});
    backward(stream, layer, {{device.backward(), {}}, device.placed(), hidden_size});
    stream.synchronise();
    return device.read();
  }
};

constexpr ForwardShape forward_shape(Operands operands, bool low_in_shared = false) {
  return {64, 4, 2, 2, low_in_shared, operands};
}
constexpr BackwardShape backward_shape(Operands operands, bool low_in_shared = false) {
  return {64, 4, 2, 1, low_in_shared, operands};
}
/// The kernels of the precisions, on clusters of four.
using Fp32 = Pair<forward_shape(Operands::fp16x3), backward_shape(Operands::bf16x3)>;
using Strict = Pair<forward_shape(Operands::fp16x3, true), backward_shape(Operands::fp16x3, true)>;
using Fp16 = Pair<forward_shape(Operands::fp16), backward_shape(Operands::fp16)>;
using Bf16 = Pair<forward_shape(Operands::bf16), backward_shape(Operands::bf16)>;
/// A single block; and five where four do all the work.
using Alone = Pair<ForwardShape{64, 1, 2, 1, false, Operands::fp16x3},
                   BackwardShape{64, 1, 1, 4, false, Operands::bf16x3}>;
using Idle = Pair<ForwardShape{64, 5, 2, 2, false, Operands::fp16x3},
                  BackwardShape{64, 5, 4, 1, false, Operands::bf16x3}>;

/// A batch that is no multiple of eight, lengths from 1 to 6, a cluster that ends earlier than the other.
const std::vector<Index> mixed = {3, 1, 6, 4, 2, 6, 5, 1, 3, 2, 4};

}  // namespace

TEST_CASE("cluster: every precision keeps its bound, sizes that fill no tile, lengths from 1") {
  for (const Index hidden_size : {64, 62, 37}) {
    CAPTURE(hidden_size);
    const LayerCase layer(mixed, hidden_size);
    const auto exact = plain_layer<double>(layer);
    check_errors({Fp32::run(layer), exact}, 1e-5, "fp32");
    check_errors({Fp16::run(layer), exact}, 2e-3, "fp16");
    check_errors({Bf16::run(layer), exact}, 2e-2, "bf16");
    const LayerErrors plain(plain_layer<float>(layer), exact), strict(Strict::run(layer), exact);
    check_errors(plain, 1e-6, "plain float32", 1e-6);
    check_errors(strict, 1e-6, "fp32_strict", 1e-6);
    CHECK(strict.hidden <= 4 * plain.hidden);
    CHECK(strict.d_gates <= 4 * plain.d_gates);
    CHECK(strict.d_weights <= 4 * plain.d_weights);
    CHECK(strict.states <= 4 * plain.states);
    CHECK(strict.d_initial_hidden <= 4 * plain.d_initial_hidden);
  }
}

TEST_CASE("cluster: the bounds hold where tensor cores cut sums instead of rounding them") {
  const cuda::model::With with({.truncate_products = true});
  const LayerCase layer(mixed, 62, 2);
  const auto exact = plain_layer<double>(layer);
  check_errors({Fp32::run(layer), exact}, 1e-5, "fp32");
  check_errors({Fp16::run(layer), exact}, 2e-3, "fp16");
  check_errors({Bf16::run(layer), exact}, 2e-2, "bf16");
  const LayerErrors plain(plain_layer<float>(layer), exact), strict(Strict::run(layer), exact);
  CHECK(strict.hidden <= 4 * plain.hidden);
  CHECK(strict.d_gates <= 4 * plain.d_gates);
  CHECK(strict.d_weights <= 4 * plain.d_weights);
  CHECK(strict.states <= 4 * plain.states);
  CHECK(strict.d_initial_hidden <= 4 * plain.d_initial_hidden);
}

TEST_CASE(
    "cluster: single blocks, blocks without units, and lower halves in shared memory compute the same") {
  for (const Index hidden_size : {64, 62}) {
    const LayerCase layer(mixed, hidden_size, 3);
    const auto exact = plain_layer<double>(layer);
    check_errors({Alone::run(layer), exact}, 1e-5, "a single block");
    check_errors({Idle::run(layer), exact}, 1e-5, "a block without units");
    using Shared = Pair<forward_shape(Operands::fp16x3, true), backward_shape(Operands::bf16x3, true)>;
    CHECK(same_bits(Shared::run(layer), Fp32::run(layer)));
  }
}

TEST_CASE("cluster: first states and weights may have any size") {
  // What the products make of them is of size 1 again; so a lost bit would show. One step: the next states
  // are between -1 and 1.
  for (const float size : {0x1p-40f, 0x1p-20f, 0x1p20f, 0x1p60f}) {
    CAPTURE(size);
    LayerCase layer({1, 1, 1, 1, 1, 1, 1, 1, 1}, 62, 4);
    for (float& x : layer.initial_hidden) x *= size;
    for (float& x : layer.weights) x /= size;
    for (float& x : layer.projections) x *= 0.125f;
    const auto exact = plain_layer<double>(layer);
    check_errors({Fp32::run(layer), exact}, 1e-5, "fp32");
    check_errors({Strict::run(layer), exact}, 1e-6, "fp32_strict", 1e-6);
    check_errors({Fp16::run(layer), exact}, 2e-3, "fp16");
    check_errors({Bf16::run(layer), exact}, 2e-2, "bf16");
  }
}

TEST_CASE("cluster: each sequence's gradients may have a size of their own") {
  LayerCase layer(mixed, 62, 5);
  const auto states = static_cast<std::size_t>(layer.hidden_size);
  for (std::size_t sequence = 0; sequence < mixed.size(); ++sequence) {
    const float size = std::ldexp(1.0f, static_cast<int>(sequence) * 16 - 80);
    for (std::size_t i = 0; i < states; ++i) {
      layer.d_last_hidden[sequence * states + i] *= size;
      layer.d_last_cell[sequence * states + i] *= size;
      for (Index row = layer.layout.begin(static_cast<Index>(sequence));
           row < layer.layout.begin(static_cast<Index>(sequence) + 1); ++row)
        layer.d_hidden[static_cast<std::size_t>(row) * states + i] *= size;
    }
  }
  const auto exact = plain_layer<double>(layer);
  const auto worst = [&](const LayerResult<float>& got) {
    double error = 0;
    for (std::size_t sequence = 0; sequence < mixed.size(); ++sequence) {
      const auto part = [&](const auto& all) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(sequence * states);
        return std::vector(first, first + static_cast<std::ptrdiff_t>(states));
      };
      error = std::max(error, relative_error(part(got.d_initial_hidden), part(exact.d_initial_hidden)));
    }
    return error;
  };
  CHECK(worst(Fp32::run(layer)) <= bf16x3_product);
  CHECK(worst(Strict::run(layer)) <= 1e-6);
  CHECK(worst(Fp16::run(layer)) <= 2e-3);
  CHECK(worst(Bf16::run(layer)) <= 2e-2);
}

TEST_CASE_TEMPLATE("cluster: the bits are the same in every order of threads and arrivals", Kernels, Fp32,
                   Strict, Bf16, Alone, Idle) {
  const LayerCase layer(mixed, 62, 6);
  const auto first = Kernels::run(layer);
  for (const Schedule& schedule : cuda::model::schedules(Kernels::Forward::blocks, 4)) {
    CAPTURE(schedule.name());
    const cuda::model::With with({.schedule = schedule});
    CHECK(same_bits(Kernels::run(layer), first));
  }
}

TEST_CASE_TEMPLATE("cluster: what is not a number stays in its sequence", Kernels, Fp32, Strict, Bf16) {
  const LayerCase layer(std::vector<Index>(8, 3), 62, 14);
  LayerCase spoilt = layer;
  const auto n = static_cast<std::size_t>(layer.hidden_size);
  spoilt.projections[5 * n * 4] = NAN;          // sequence 5, step 0
  spoilt.initial_hidden[2 * n + 7] = INFINITY;  // sequence 2
  spoilt.d_last_hidden[6 * n + 1] = NAN;        // sequence 6: backward alone
  const auto healthy = Kernels::run(layer), got = Kernels::run(spoilt);
  for (std::size_t sequence = 0; sequence < 8; ++sequence) {
    CAPTURE(sequence);
    const auto same = [&](const Floats& a, const Floats& b) {
      return std::memcmp(&a[sequence * n], &b[sequence * n], n * sizeof(float)) == 0;
    };
    const bool forward = sequence != 5 && sequence != 2, backward = forward && sequence != 6;
    CHECK(same(got.last_hidden, healthy.last_hidden) == forward);
    CHECK(same(got.d_initial_hidden, healthy.d_initial_hidden) == backward);
  }
}

TEST_CASE("cluster: projections, gates and their gradients may be one array") {
  const LayerCase layer(mixed, 62, 7);
  CHECK(same_bits(Fp32::run(layer, true), Fp32::run(layer)));
  CHECK(same_bits(Strict::run(layer, true), Strict::run(layer)));
  CHECK(same_bits(Alone::run(layer, true), Alone::run(layer)));
}

TEST_CASE("cluster: both directions in one launch are what they are alone") {
  const LayerCase forth(mixed, 62, 8);
  LayerCase back(mixed, 62, 9);
  back.reverse = true;
  check_errors({Fp32::run(back), plain_layer<double>(back)}, 1e-5, "reverse");
  cuda::Stream stream(0);
  const DeviceLayer a(forth, Fp32::layout), b(back, Fp32::layout);
  a.pack(stream);
  b.pack(stream);
  Fp32::forward(stream, forth, {{a.forward(), b.forward()}, a.placed(), 62}, 2);
  Fp32::backward(stream, forth, {{a.backward(), b.backward()}, a.placed(), 62}, 2);
  stream.synchronise();
  CHECK(same_bits(a.read(), Fp32::run(forth)));
  CHECK(same_bits(b.read(), Fp32::run(back)));
}

TEST_CASE("cluster: what is not needed may be absent") {
  LayerCase layer(mixed, 62, 10);
  layer.initial_hidden.clear();
  layer.initial_cell.clear();
  const auto all = Fp32::run(layer);
  check_errors({all, plain_layer<double>(layer)}, 1e-5, "no first states");
  cuda::Stream stream(0);
  const DeviceLayer device(layer, Fp32::layout);
  device.pack(stream);
  auto forward = device.forward();
  forward.gates = forward.cells = forward.last_hidden = forward.last_cell = nullptr;
  Fp32::forward(stream, layer, {{forward, {}}, device.placed(), 62});
  stream.synchronise();
  CHECK(device.hidden.read() == all.hidden);

  std::fill(layer.d_hidden.begin(), layer.d_hidden.end(), 0.0f);
  std::fill(layer.d_last_hidden.begin(), layer.d_last_hidden.end(), 0.0f);
  std::fill(layer.bias.begin(), layer.bias.end(), 0.0f);
  const auto only_cells = Fp32::run(layer);
  const DeviceLayer bare(layer, Fp32::layout);
  bare.pack(stream);
  forward = bare.forward();
  forward.bias = nullptr;
  auto backward = bare.backward();
  backward.d_hidden = backward.d_last_hidden = nullptr;
  backward.d_initial_hidden = backward.d_initial_cell = nullptr;
  Fp32::forward(stream, layer, {{forward, {}}, bare.placed(), 62});
  Fp32::backward(stream, layer, {{backward, {}}, bare.placed(), 62});
  stream.synchronise();
  CHECK(bare.d_gates.read() == only_cells.d_gates);
}

TEST_CASE("cluster: gradients of first states are added to what is there") {
  const LayerCase layer(mixed, 62, 13);
  const auto alone = Fp32::run(layer);
  cuda::Stream stream(0);
  const DeviceLayer device(layer, Fp32::layout);
  device.pack(stream);
  Fp32::forward(stream, layer, {{device.forward(), {}}, device.placed(), 62});
  // The second pass adds to the first; sums of two equal numbers are exact.
  for (int i = 0; i < 2; ++i) Fp32::backward(stream, layer, {{device.backward(), {}}, device.placed(), 62});
  stream.synchronise();
  auto twice = device.read();
  for (float& x : twice.d_initial_hidden) x /= 2;
  for (float& x : twice.d_initial_cell) x /= 2;
  CHECK(same_bits(twice, alone));
}

TEST_CASE("cluster: one sequence, one step, one unit") {
  for (const std::vector<Index>& lengths :
       {std::vector<Index>{1}, std::vector<Index>{2}, std::vector<Index>(17, 1)})
    for (const Index hidden_size : {1, 17}) {
      const LayerCase layer(lengths, hidden_size, 11);
      const auto exact = plain_layer<double>(layer);
      check_errors({Fp32::run(layer), exact}, 1e-5, "fp32");
      check_errors({Alone::run(layer), exact}, 1e-5, "a single block");
    }
}

TEST_CASE("cluster: a word left out of a kernel is noticed") {
  const LayerCase layer({7, 5, 3}, 62, 12);
  struct Mutation {
    Word word;
    int call, block;
  };
  // Calls as a thread makes them. sync_block: fp32_strict has one for the first scales, then one a step
  // forward; two a step backward.
  for (const Mutation& mutation : std::initializer_list<Mutation>{{Word::sync_block, 0, -1},
                                                                  {Word::sync_block, 1, -1},
                                                                  {Word::sync_block, 2, 1},
                                                                  {Word::sync_block, 6, 3},
                                                                  {Word::cluster_barrier, 0, -1},
                                                                  {Word::barrier_init, 0, -1},
                                                                  {Word::barrier_init, 1, 2},
                                                                  {Word::barrier_fence, 0, 0},
                                                                  {Word::arrive_expect, 0, 1},
                                                                  {Word::arrive_expect, 2, -1},
                                                                  {Word::barrier_wait, 0, -1},
                                                                  {Word::barrier_wait, 3, 2}}) {
    CAPTURE(static_cast<int>(mutation.word));
    CAPTURE(mutation.call);
    CAPTURE(mutation.block);
    const auto noticed = [&](auto&& kernel) {
      cuda::Stream stream(0);
      const DeviceLayer device(layer, Strict::layout);
      device.pack(stream);
      Strict::forward(stream, layer, {{device.forward(), {}}, device.placed(), 62});
      stream.synchronise();
      const cuda::model::With with({.skip = {mutation.word, mutation.call, mutation.block}});
      try {
        kernel(stream, device);
        stream.synchronise();
      } catch (const Fault&) { return true; }
      return false;
    };
    CHECK(noticed([&](cuda::Stream& stream, const DeviceLayer& device) {
      Strict::forward(stream, layer, {{device.forward(), {}}, device.placed(), 62});
    }));
    CHECK(noticed([&](cuda::Stream& stream, const DeviceLayer& device) {
      Strict::backward(stream, layer, {{device.backward(), {}}, device.placed(), 62});
    }));
  }
}

}  // namespace lstmlib::test
