// SPDX-License-Identifier: MIT
// The persistent LSTM kernels of the list, each once; the kernels for single sequences; and the choice among
// all.

#include "cluster_case.hpp"

#include "lstmlib/backend/cuda/recurrent/cluster_launch.cuh"
#include "lstmlib/backend/cuda/recurrent/plan.hpp"

#include <map>

namespace lstmlib::test {
namespace {

using cuda::ClusterKernel;
using cuda::Operands;
using cuda::model::Schedule;
using Pass = ClusterKernel::Pass;

/// The layer with these kernels, forward and backward.
LayerResult<float> run(const LayerCase& layer, const ClusterKernel& forward, const ClusterKernel& backward,
                       const cuda::PackedWeights& layout) {
  cuda::Stream stream(0);
  const DeviceLayer device(layer, layout);
  const int hidden_size = static_cast<int>(layer.hidden_size);
  device.pack(stream);
  auto direction = device.forward();
  if (forward.pass == Pass::small_forward)
    direction.weights = reinterpret_cast<const std::uint32_t*>(device.weights.data());
  cuda::cluster_forward(stream, forward, {{direction, {}}, device.placed(), hidden_size}, 1);
  cuda::cluster_backward(stream, backward, {{device.backward(), {}}, device.placed(), hidden_size}, 1, true);
  stream.synchronise();
  return device.read();
}

double bound_of(Operands operands) {
  switch (operands) {
    case Operands::fp16: return 2e-3;
    case Operands::bf16: return 2e-2;
    default: return 1e-5;
  }
}

}  // namespace

TEST_CASE("cluster list: every kernel") {
  for (std::size_t i = 0; i < cuda::backward_shapes.size(); ++i) {
    const auto& shape = cuda::backward_shapes[i];
    // The forward kernels of this operand; any other for fp32's.
    std::size_t partner = 0;
    while (cuda::forward_shapes[partner].padded_size != shape.padded_size ||
           cuda::forward_shapes[partner].blocks != shape.blocks ||
           (cuda::forward_shapes[partner].operands != shape.operands && shape.operands != Operands::bf16x3))
      ++partner;
    CAPTURE(shape.padded_size);
    CAPTURE(shape.blocks);
    CAPTURE(cuda::name_of(shape.operands));
    // As large as they come, but for 304, which is there for 300.
    const LayerCase layer({2, 1}, shape.padded_size == 304 ? 300 : shape.padded_size, 1);
    const auto exact = plain_layer<double>(layer);
    check_errors(
        {run(layer, {Pass::forward, static_cast<int>(partner)}, {Pass::backward, static_cast<int>(i)},
             {shape.padded_size, cuda::forward_shapes[partner].operands, shape.operands}),
         exact},
        bound_of(shape.operands), "list");
  }
}

TEST_CASE("cluster list: 300 units, sequences of many lengths") {
  const LayerCase layer({5, 6, 1, 3, 6, 2, 4, 2}, 300, 2);
  const auto exact = plain_layer<double>(layer);
  const LayerErrors plain(plain_layer<float>(layer), exact);
  for (const int index : {4, 5}) {  // clusters of 16 and of 8
    CHECK(cuda::forward_shapes[static_cast<std::size_t>(index)].padded_size == 304);
    const LayerErrors fp32(run(layer, {Pass::forward, index}, {Pass::backward, index},
                               {304, Operands::fp16x3, Operands::bf16x3}),
                           exact);
    check_errors(fp32, 1e-5, "fp32");
    const LayerErrors strict(run(layer, {Pass::forward, index}, {Pass::backward, index + 8},
                                 {304, Operands::fp16x3, Operands::fp16x3}),
                             exact);
    CHECK(strict.hidden <= 4 * plain.hidden);
    CHECK(strict.d_gates <= 4 * plain.d_gates);
    CHECK(strict.d_weights <= 4 * plain.d_weights);
    MESSAGE("300 units: hidden, gates' and weights' gradients: fp32 ", fp32.hidden, " ", fp32.d_gates, " ",
            fp32.d_weights, ", fp32_strict ", strict.hidden, " ", strict.d_gates, " ", strict.d_weights,
            ", plain loops in float32 ", plain.hidden, " ", plain.d_gates, " ", plain.d_weights);
  }
}

TEST_CASE("small batch: every kernel, as exact as float32; the way back goes on with another") {
  for (std::size_t i = 0; i < cuda::small_shapes.size(); ++i) {
    const int padded = cuda::small_shapes[i].padded_size;
    const int backward =
        static_cast<int>(std::find_if(cuda::backward_shapes.begin(), cuda::backward_shapes.end(),
                                      [&](const auto& s) {
                                        return s.padded_size == padded && s.operands == Operands::fp16x3;
                                      }) -
                         cuda::backward_shapes.begin());
    for (const Index hidden_size : {padded, padded - 4, padded - 27}) {
      CAPTURE(hidden_size);
      if (hidden_size != padded - 4 && padded > 128) continue;
      const LayerCase layer({3, 1, 4}, hidden_size, 3);
      const auto exact = plain_layer<double>(layer);
      const auto got = run(layer, {Pass::small_forward, static_cast<int>(i)}, {Pass::backward, backward},
                           {padded, Operands::bf16, Operands::fp16x3});
      CHECK(LayerErrors(got, exact).hidden <= 4 * LayerErrors(plain_layer<float>(layer), exact).hidden);
      check_errors({got, exact}, 1e-5, "small");
      if (hidden_size != padded - 27 || padded > 128) continue;
      for (const Schedule& schedule : cuda::model::schedules(cuda::small_shapes[i].blocks, 3)) {
        CAPTURE(schedule.name());
        const cuda::model::With with_schedule({.schedule = schedule});
        CHECK(same_bits(run(layer, {Pass::small_forward, static_cast<int>(i)}, {Pass::backward, backward},
                            {padded, Operands::bf16, Operands::fp16x3}),
                        got));
      }
    }
  }
}

TEST_CASE("small batch: a word left out is noticed") {
  using cuda::model::Word;
  const LayerCase layer({7, 4}, 101, 4);
  struct Mutation {
    Word word;
    int call, block;
  };
  for (const Mutation& mutation : std::initializer_list<Mutation>{{Word::cluster_barrier, 0, -1},
                                                                  {Word::barrier_init, 1, 2},
                                                                  {Word::barrier_fence, 0, 0},
                                                                  {Word::arrive_expect, 0, 1},
                                                                  {Word::arrive_expect, 3, -1},
                                                                  {Word::barrier_wait, 0, -1},
                                                                  {Word::barrier_wait, 3, 2}}) {
    CAPTURE(static_cast<int>(mutation.word));
    CAPTURE(mutation.call);
    const cuda::model::With with({.skip = {mutation.word, mutation.call, mutation.block}});
    CHECK_THROWS_AS(
        run(layer, {Pass::small_forward, 1}, {Pass::backward, 1}, {128, Operands::bf16, Operands::bf16x3}),
        cuda::model::Fault);
  }
}

TEST_CASE("cluster list: every kernel fits into a block's 227 KiB of shared memory and 1024 threads") {
  for (const auto& [pass, count] : {std::pair{Pass::forward, cuda::forward_shapes.size()},
                                    std::pair{Pass::small_forward, cuda::small_shapes.size()},
                                    std::pair{Pass::backward, cuda::backward_shapes.size()}})
    for (std::size_t i = 0; i < count; ++i) {
      const auto& geometry = cuda::geometry_of({pass, static_cast<int>(i)});
      CHECK(geometry.shared_bytes <= 227 * 1024);
      CHECK(geometry.threads <= 1024);
      CHECK(geometry.blocks <= 16);
    }
}

TEST_CASE("plan: the fastest kernel that the device takes, of the next larger size") {
  std::map<std::pair<int, int>, int> asked;
  int largest_cluster = 16, at_once_of_16 = 8;
  const auto device = [&](const ClusterKernel& kernel) {
    ++asked[{static_cast<int>(kernel.pass), kernel.index}];
    const int blocks = cuda::geometry_of(kernel).blocks;
    return blocks > largest_cluster ? 0 : blocks == 16 ? at_once_of_16 : 132 / blocks;
  };
  const cuda::DeviceFacts hopper{9, 227 * 1024};
  const auto equal = [](Index sequences) {
    return SequenceLayout(std::vector<Index>(static_cast<std::size_t>(sequences), 20));
  };
  const SequenceLayout usual = equal(64), single_sequence = equal(1);
  const cuda::RecurrentTask task{usual, 300, 1, Precision::fp32};
  const auto shape_of = [](const cuda::ClusterPlan& plan) {
    return cuda::forward_shapes[static_cast<std::size_t>(plan.forward.index)];
  };
  {
    cuda::ClusterPlanner planner(hopper, device);
    auto plan = planner.plan(task, true);
    REQUIRE(plan);
    CHECK(plan->weights.padded_size == 304);
    CHECK(plan->forward.pass == Pass::forward);
    CHECK(shape_of(*plan).blocks == 16);
    CHECK(shape_of(*plan).operands == Operands::fp16x3);
    CHECK(cuda::backward_shapes[static_cast<std::size_t>(plan->backward->index)].operands ==
          Operands::bf16x3);
    CHECK(plan->packs_weights());
    CHECK(planner.plan(task, true)->forward == plan->forward);
    for (const auto& [kernel, times] : asked) CHECK(times == 1);

    // The launch is refused all the same: the next kernel, then none.
    planner.refuse(plan->forward);
    auto next = planner.plan(task, true);
    REQUIRE(next);
    CHECK(shape_of(*next).blocks == 8);
    planner.refuse(next->forward);
    next = planner.plan(task, true);
    REQUIRE(next);
    CHECK(next->forward.pass == Pass::small_forward);
    planner.refuse(next->forward);
    CHECK(!planner.plan(task, true));
  }
  largest_cluster = 8;  // some devices have no larger clusters
  {
    cuda::ClusterPlanner planner(hopper, device);
    CHECK(shape_of(*planner.plan(task, true)).blocks == 8);
    CHECK(!planner.plan({usual, 512, 1, Precision::fp32}, true));
    CHECK(!planner.plan({usual, 513, 1, Precision::fp32}, true));
    CHECK(planner.plan({usual, 256, 1, Precision::fp32}, true)->weights.padded_size == 256);
  }
  largest_cluster = 16;
  at_once_of_16 = 7;  // eight clusters would take two rounds
  {
    cuda::ClusterPlanner planner(hopper, device);
    CHECK(shape_of(*planner.plan(task, true)).blocks == 8);
    const SequenceLayout less = equal(56);
    CHECK(shape_of(*planner.plan({less, 300, 1, Precision::fp32}, true)).blocks == 16);
    // The eighth cluster takes the place of one that has ended early.
    std::vector<Index> lengths(64, 3);
    std::fill_n(lengths.begin(), 40, 20);
    const SequenceLayout ragged(lengths);
    CHECK(shape_of(*planner.plan({ragged, 300, 1, Precision::fp32}, true)).blocks == 16);
  }
  {
    cuda::ClusterPlanner planner(hopper, device);
    for (const auto& [precision, forward, backward] :
         {std::tuple{Precision::fp32_strict, Operands::fp16x3, Operands::fp16x3},
          std::tuple{Precision::fp16, Operands::fp16, Operands::fp16},
          std::tuple{Precision::bf16, Operands::bf16, Operands::bf16}}) {
      const auto plan = planner.plan({usual, 40, 2, precision}, true);
      REQUIRE(plan);
      CHECK(plan->weights.padded_size == 64);
      CHECK(shape_of(*plan).operands == forward);
      CHECK(cuda::backward_shapes[static_cast<std::size_t>(plan->backward->index)].operands == backward);
    }
    // A single sequence needs no packed weights, unless it is trained.
    auto single = planner.plan({single_sequence, 300, 1, Precision::fp32}, false);
    REQUIRE(single);
    CHECK(single->forward.pass == Pass::small_forward);
    CHECK(!single->backward);
    CHECK(!single->packs_weights());
    CHECK(planner.plan({single_sequence, 300, 1, Precision::fp32}, true)->packs_weights());
    CHECK(planner.plan({single_sequence, 300, 1, Precision::bf16}, false)->forward.pass == Pass::forward);
    CHECK(planner.plan({usual, 300, 1, Precision::fp32}, false)->forward.pass == Pass::forward);
    // Thousands of sequences in bfloat16 keep a device busy without clusters.
    const SequenceLayout many = equal(8192);
    CHECK(!planner.plan({many, 300, 1, Precision::bf16}, false));
  }
  CHECK(!cuda::ClusterPlanner({8, 163 * 1024}, device).plan(task, false));
  CHECK(!cuda::ClusterPlanner({9, 16 * 1024}, device).plan(task, true));
}

TEST_CASE("plan: what the runtime says of clusters") {
  for (std::size_t i = 0; i < cuda::forward_shapes.size(); ++i)
    CHECK(cuda::clusters_at_once(0, {Pass::forward, static_cast<int>(i)}) > 0);
  for (std::size_t i = 0; i < cuda::small_shapes.size(); ++i)
    CHECK(cuda::clusters_at_once(0, {Pass::small_forward, static_cast<int>(i)}) > 0);
  for (std::size_t i = 0; i < cuda::backward_shapes.size(); ++i)
    CHECK(cuda::clusters_at_once(0, {Pass::backward, static_cast<int>(i)}) > 0);
}

}  // namespace lstmlib::test
