// SPDX-License-Identifier: MIT
#pragma once
// Sequences that packed layers compute together, on one thread or on a team whose threads share the units of
// each step.

#include "lstmlib/backend/cpu/projection_cache.hpp"

#include <algorithm>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

struct InferenceLayers {
  Index directions;
  std::vector<InferenceLayer> layers;  ///< layer l, direction d is at l directions + d
  ProjectionCache words;
};

/// The blocks of units that one thread of a team computes.
struct InferenceShare {
  Index first, last;
  InferenceShare(const InferenceLayer& layer, const TeamMember& member)
      : first(layer.blocks() * member.number / member.count),
        last(layer.blocks() * (member.number + 1) / member.count) {}
};

/// Sequences of a group: every `stride`-th entry of the order by descending length.
struct InferencePlaces {
  const Index* order;
  Index count, stride;
  Index operator[](Index i) const { return order[i * stride]; }
};

/// Shared memory of one group. Rows are in time-major order: offset_[step] + place.
class InferenceGroup {
 public:
  /// For at most `members` threads. Allocates all their memory here, because team functions must not throw.
  InferenceGroup(const InferenceLayers& stack, const InferenceInput& input, const InferenceResult& result,
                 const Index* first_row, InferencePlaces places, Index members, Scratch& scratch)
      : stack_(stack),
        input_(input),
        result_(result),
        first_row_(first_row),
        places_(places),
        steps_(input.length(places[0])),
        offset_(scratch.take<Index>({steps_ + 1}).data) {
    Index batch_size_at = places.count;
    offset_[0] = 0;
    for (Index step = 0; step < steps_; ++step) {
      while (length(batch_size_at - 1) <= step) --batch_size_at;
      offset_[step + 1] = offset_[step] + batch_size_at;
    }
    Index projection_row = 0, operand = 0, state_row = 0,
          layer_count = std::ssize(stack.layers) / stack.directions;
    width_ = stack.layers[0].width();
    for (const auto& layer : stack.layers)
      projection_row = std::max(projection_row, layer.projection_row()),
      operand = std::max(operand, layer.operand_row()), state_row = std::max(state_row, layer.state_row());
    const Index rows = tokens();
    if (!stack.words.has_projection_cache() || layer_count > 1)
      projections_ = scratch.take<float>({rows, projection_row}).data;
    for (auto& hidden : hidden_)
      if (layer_count > 1 || result.hidden)
        hidden = scratch.take<float>({rows, stack.directions, width_}).data;
    last_ = scratch.take<float>({places.count, stack.directions, width_}).data;
    state_ = scratch.take<float>({places.count, state_row}).data;
    for (auto& operands : operands_) operands = scratch.take<float>({places.count, operand}).data;
    token_projections_ = scratch.take<const float*>({members, rows}).data;
    token_hidden_ = scratch.take<float*>({members, rows}).data;
    if (input.layout || !stack.words.has_projection_cache())
      token_rows_ = scratch.take<Index>({members, rows}).data;
    if (!input.layout && !stack.words.has_projection_cache())
      word_slots_ = scratch.take<Index>({members, stack.words.count() + 1}).data;
  }

  Index steps() const { return steps_; }
  Index tokens() const { return offset_[steps_]; }
  Index multiplications() const {
    Index sum = 0;
    for (const auto& layer : stack_.layers) sum += tokens() * layer.step_size();
    return sum;
  }

  /// Each member computes the same range of units in every layer.
  void run(const TeamMember& member) const {
    const Index directions = stack_.directions, layers = std::ssize(stack_.layers) / directions;
    const float** projections = token_projections_ + member.number * tokens();
    float** hidden = token_hidden_ + member.number * tokens();
    for (Index at = 0; at < layers; ++at)
      for (Index direction = 0; direction < directions; ++direction) {
        const InferenceLayer& layer = stack_.layers[static_cast<std::size_t>(at * directions + direction)];
        const InferenceShare share(layer, member);
        if (at > 0) project_states(layer, share, hidden_[(at - 1) % 2], direction, projections);
        else if (input_.layout) project_rows(layer, share, direction, member.number, projections);
        else if (stack_.words.has_projection_cache()) look_up_projections(layer, direction, projections);
        else project_words(layer, share, direction, member.number, projections);
        for_each_token(direction, [&](Index token, Index place, Index row) {
          hidden[token] = (at + 1 < layers || result_.hidden ? hidden_[at % 2] + row * directions * width_
                                                             : last_ + place * directions * width_) +
                          direction * width_;
        });
        run_steps(layer, share, projections, hidden, member);
      }
    if (member.number == 0) write_results(hidden_[(layers - 1) % 2]);
  }

 private:
  Index length(Index place) const { return input_.length(places_[place]); }
  Index batch_size_at(Index step) const { return offset_[step + 1] - offset_[step]; }
  /// The row that a direction reads and writes at a step. Rows are in the order of the forward direction.
  Index row(Index place, Index step, Index direction) const {
    return offset_[direction == 0 ? step : length(place) - 1 - step] + place;
  }
  /// Calls `use(token, place, row)` for all tokens in the order of a direction.
  template <class Use>
  void for_each_token(Index direction, Use use) const {
    for (Index step = 0; step < steps_; ++step)
      for (Index place = 0; place < batch_size_at(step); ++place)
        use(offset_[step] + place, place, row(place, step, direction));
  }
  std::int32_t word(Index place, Index position) const {
    return input_.sentences[static_cast<std::size_t>(places_[place])][static_cast<std::size_t>(position)];
  }

  // Input projections: compute the member's share, then store where the projection of each token is.

  void project_states(const InferenceLayer& layer, InferenceShare share, const float* below, Index direction,
                      const float** projections) const {
    layer.project({below, stack_.directions * width_, stack_.directions, width_}, tokens(), share.first,
                  share.last, projections_);
    for_each_token(direction, [&](Index token, Index, Index row) {
      projections[token] = projections_ + row * layer.projection_row();
    });
  }
  void project_rows(const InferenceLayer& layer, InferenceShare share, Index direction, Index member,
                    const float** projections) const {
    Index* rows = token_rows_ + member * tokens();
    for (Index step = 0; step < steps_; ++step)
      for (Index place = 0; place < batch_size_at(step); ++place)
        rows[offset_[step] + place] = input_.layout->begin(places_[place]) + step;
    layer.project({input_.values.data, layer.input_size(), 1, 0, rows}, tokens(), share.first, share.last,
                  projections_);
    for_each_token(direction, [&](Index token, Index, Index row) {
      projections[token] = projections_ + row * layer.projection_row();
    });
  }
  void look_up_projections(const InferenceLayer& layer, Index direction, const float** projections) const {
    for (Index step = 0; step < steps_; ++step)
      for (Index place = 0; place < batch_size_at(step); ++place)
        projections[offset_[step] + place] =
            direction * layer.projection_row() +
            stack_.words.projections(word(place, direction == 0 ? step : length(place) - 1 - step));
  }
  /// Projects each distinct word once.
  void project_words(const InferenceLayer& layer, InferenceShare share, Index direction, Index member,
                     const float** projections) const {
    Index* slot = word_slots_ + member * (stack_.words.count() + 1);
    Index* words = token_rows_ + member * tokens();
    Index distinct = 0;
    std::fill_n(slot, stack_.words.count() + 1, Index{-1});
    for (Index place = 0; place < places_.count; ++place)
      for (Index position = 0; position < length(place); ++position) {
        const Index id = stack_.words.row(word(place, position));
        if (slot[id] < 0) slot[id] = distinct, words[distinct++] = id;
      }
    layer.project({stack_.words.vectors(), layer.input_size(), 1, 0, words}, distinct, share.first,
                  share.last, projections_);
    for (Index step = 0; step < steps_; ++step)
      for (Index place = 0; place < batch_size_at(step); ++place) {
        const Index id = stack_.words.row(word(place, direction == 0 ? step : length(place) - 1 - step));
        projections[offset_[step] + place] = projections_ + slot[id] * layer.projection_row();
      }
  }

  void run_steps(const InferenceLayer& layer, InferenceShare share, const float* const* projections,
                 float* const* hidden, const TeamMember& member) const {
    const Index units = layer.width() / layer.blocks();
    for (Index i = 0; i < places_.count * layer.states(); ++i)
      std::fill(state_ + i * width_ + share.first * units, state_ + i * width_ + share.last * units, 0.0f);
    for (Index step = 0; step < steps_; ++step) {
      layer.step(batch_size_at(step), share.first, share.last, projections + offset_[step],
                 step > 0 ? operands_[step % 2] : nullptr, operands_[(step + 1) % 2], state_,
                 hidden + offset_[step]);
      member.barrier.wait();
    }
  }

  /// `hidden`: rows of the top layer, used only if the caller wants all hidden states.
  void write_results(const float* hidden) const {
    const Index directions = stack_.directions, n = stack_.layers[0].hidden_size();
    for (Index direction = 0; direction < directions; ++direction)
      for (Index place = 0; place < places_.count; ++place) {
        const Index sequence = places_[place], steps = length(place);
        const auto state_at = [&](Index at) { return hidden + (at * directions + direction) * width_; };
        for (Index step = 0; result_.hidden && step < steps; ++step)
          std::copy_n(state_at(offset_[step] + place), n,
                      result_.hidden.data + ((first_row_[sequence] + step) * directions + direction) * n);
        if (result_.last_hidden)
          std::copy_n(result_.hidden ? state_at(row(place, steps - 1, direction))
                                     : last_ + (place * directions + direction) * width_,
                      n, result_.last_hidden.data + (sequence * directions + direction) * n);
      }
  }

  const InferenceLayers& stack_;
  const InferenceInput& input_;
  const InferenceResult& result_;
  const Index* first_row_;  ///< first row of each sequence in result.hidden
  InferencePlaces places_;
  Index steps_;
  Index* offset_;  ///< first row of each step in time-major order
  Index width_ = 0;
  float* projections_ = nullptr;              ///< [rows or distinct words][projection_row]
  float* hidden_[2] = {};                     ///< alternating between layers: [rows][directions][width]
  float *last_ = nullptr, *state_ = nullptr;  ///< [places][directions][width], [places][states][width]
  float* operands_[2] = {};                   ///< alternating between steps: [places][operand_row]
  // Per member: pointers to the projection and the hidden state of each token, rows of the input or ids of
  // words, and each word's index among the distinct words.
  const float** token_projections_ = nullptr;  ///< [members][rows]
  float** token_hidden_ = nullptr;             ///< [members][rows]
  Index* token_rows_ = nullptr;                ///< [members][rows]
  Index* word_slots_ = nullptr;                ///< [members][words]
};

}  // namespace lstmlib::cpu
