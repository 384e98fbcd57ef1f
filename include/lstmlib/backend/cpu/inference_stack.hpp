// SPDX-License-Identifier: MIT
#pragma once
// Stacks of packed recurrent layers on the CPU. Sequences are sorted by length and never padded. If there are
// few, all threads share the units of each step and synchronise once per step. If there are many, each thread
// takes its own sequences.

#include "lstmlib/backend/cpu/inference_group.hpp"

#include <algorithm>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

class CpuInferenceStack final : public InferenceStack {
 public:
  CpuInferenceStack(const InferenceProblem& p, const InferenceKernels& kernels)
      : stack_{p.directions, {}, {}} {
    for (const auto& layer : p.layers) stack_.layers.emplace_back(p.cell, layer, p.precision, kernels);
    if (p.words) stack_.words = {p.words, p.ignore, stack_.layers, p.directions, p.projection_cache_bytes};
  }

  void forward(const InferenceInput& input, const InferenceResult& result) const override {
    const Index count = input.sequences(), team = threads();
    if (count == 0) return;
    Scratch scratch;
    const Index* order = sort_by_length(input, scratch);
    Index* first_row = result.hidden ? scratch.take<Index>({count}).data : nullptr;
    for (Index i = 0, row = 0; first_row && i < count; row += input.length(i++)) first_row[i] = row;
    // A thread multiplies several rows at a time. With so few sequences, all threads work on the same ones.
    if (count < 4 * team) {
      const InferenceGroup group(stack_, input, result, first_row, {order, count, 1}, team, scratch);
      const Index members = std::min<Index>(team, team_size(group.steps(), group.multiplications()));
      ThreadPool::instance().parallel_region(static_cast<int>(members),
                                             [&](const TeamMember& member) { group.run(member); });
      return;
    }
    // Up to one group per thread: interleave the sequences, so that groups have equal work. With more
    // sequences, group those of similar length, and give each thread the same number of groups.
    const bool spread = count <= group_size * team;
    const Index groups = spread ? team : divide_up(count, group_size * team) * team;
    parallel_for(groups, [&](Index i) {
      Scratch own;
      const Index first = count * i / groups, last = count * (i + 1) / groups;
      const InferenceGroup group(stack_, input, result, first_row,
                                 spread ? InferencePlaces{order + i, divide_up(count - i, groups), groups}
                                        : InferencePlaces{order + first, last - first, 1},
                                 1, own);
      ThreadPool::instance().parallel_region(1, [&](const TeamMember& member) { group.run(member); });
    });
  }

  Index stream_size() const override {
    Index floats = 0;
    for (const auto& layer : stack_.layers) floats += stream_layer_size(layer);
    return floats;
  }
  void step(const float* row, std::int32_t word, Index count, float* stream) const override {
    Scratch scratch;
    Index multiplications = 0, widest = 0;
    for (const auto& layer : stack_.layers) {
      multiplications += layer.step_size() + layer.input_size() * layer.projection_row();
      widest = std::max(widest, layer.projection_row());
    }
    float* projections = scratch.take<float>({widest}).data;
    ThreadPool::instance().parallel_region(team_size(1, multiplications), [&](const TeamMember& member) {
      const float* input = row;
      float* memory = stream;
      for (const auto& layer : stack_.layers) {
        const StreamLayer at(layer, memory, count);
        const InferenceShare share(layer, member);
        const float* from = projections;
        if (!input && stack_.words.has_projection_cache()) from = stack_.words.projections(word);
        else
          layer.project({input ? input : stack_.words.vector(word), layer.input_size()}, 1, share.first,
                        share.last, projections);
        float* hidden = at.hidden;
        layer.step(1, share.first, share.last, &from, count > 0 ? at.before : nullptr, at.after, at.state,
                   &hidden);
        member.barrier.wait();
        input = at.hidden;
        memory += stream_layer_size(layer);
      }
    });
  }
  const float* stream_hidden(Index layer, const float* stream) const override {
    return stream_layer(layer, stream);
  }
  const float* stream_cell(Index layer, const float* stream, Index which) const override {
    const auto& one = stack_.layers[static_cast<std::size_t>(layer)];
    if (which >= one.cell().cell_states()) return nullptr;
    // The first state that a custom cell carries along is the hidden state.
    return stream_layer(layer, stream) + (one.cell().custom ? 2 + which : 1) * one.width();
  }

  std::size_t bytes() const override {
    std::size_t sum = stack_.words.bytes();
    for (const auto& layer : stack_.layers) sum += layer.bytes();
    return sum;
  }
  bool has_projection_cache() const override { return stack_.words.has_projection_cache(); }

 private:
  /// Rows whose states, projections and weights fit the L2 cache.
  static constexpr Index group_size = 48;

  static const Index* sort_by_length(const InferenceInput& input, Scratch& scratch) {
    const Index count = input.sequences();
    Index* order = scratch.take<Index>({count}).data;
    for (Index i = 0; i < count; ++i) order[i] = i;
    std::sort(order, order + count, [&](Index a, Index b) {
      const Index la = input.length(a), lb = input.length(b);
      return la != lb ? la > lb : a < b;
    });
    return order;
  }

  // Streams hold for each layer: hidden states, cell states, and two copies of the hidden states in the
  // format that the kernels multiply.

  static Index stream_layer_size(const InferenceLayer& layer) {
    return divide_up(layer.width() + layer.state_row() + 2 * layer.operand_row(), 16) * 16;
  }
  struct StreamLayer {
    float *hidden, *state, *before, *after;
    StreamLayer(const InferenceLayer& layer, float* memory, Index count)
        : hidden(memory), state(memory + layer.width()) {
      float* operands = state + layer.state_row();
      before = operands + (count % 2) * layer.operand_row();
      after = operands + (1 - count % 2) * layer.operand_row();
    }
  };
  const float* stream_layer(Index layer, const float* stream) const {
    for (Index i = 0; i < layer; ++i) stream += stream_layer_size(stack_.layers[static_cast<std::size_t>(i)]);
    return stream;
  }

  InferenceLayers stack_;
};

}  // namespace lstmlib::cpu
