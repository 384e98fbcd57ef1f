// SPDX-License-Identifier: MIT
#pragma once
// Stacks of frozen recurrent layers on the CPU. Sequences are sorted by length and never padded. With few of
// them the threads share the units of each step and meet once a step; with many, each thread takes sequences
// of its own.

#include "lstmlib/backend/cpu/frozen_layer.hpp"

#include <algorithm>
#include <vector>

namespace lstmlib::cpu {

class CpuFrozenStack final : public FrozenStack {
 public:
  explicit CpuFrozenStack(const FreezeProblem& p) : directions_(p.directions), ignore_(p.ignore) {
    for (const auto& layer : p.layers) layers_.emplace_back(p.cell, layer, p.precision);
    if (p.words) make_words(p.words, p.table_bytes);
  }

  void forward(const FrozenInput& input, const FrozenResult& result) const override {
    const Index count = input.sequences(), team = threads();
    if (count == 0) return;
    Scratch scratch;
    const Index* order = sort_by_length(input, scratch);
    Index* first_row = result.hidden ? scratch.take<Index>({count}).data : nullptr;
    for (Index i = 0, row = 0; first_row && i < count; row += input.length(i++)) first_row[i] = row;
    // A few rows are less than what one thread multiplies at a time: then all threads work on the same ones.
    if (count < 4 * team) {
      const Group group(*this, input, result, first_row, {order, count, 1}, scratch);
      ThreadPool::instance().run_team(team_size(group.steps(), group.multiplications()),
                                      [&](const Member& member) { group.run(member); });
      return;
    }
    // Up to one group a thread, every so-manyth sequence for equal shares; of more, each group has near-equal
    // lengths.
    const bool spread = count <= group_size * team;
    const Index groups = spread ? team : divide_up(count, group_size);
    parallel_for(groups, [&](Index i) {
      Scratch own;
      const Index first = count * i / groups, last = count * (i + 1) / groups;
      const Group group(*this, input, result, first_row,
                        spread ? Places{order + i, divide_up(count - i, groups), groups}
                               : Places{order + first, last - first, 1},
                        own);
      ThreadPool::instance().run_team(1, [&](const Member& member) { group.run(member); });
    });
  }

  Index stream_size() const override {
    Index floats = 0;
    for (const auto& layer : layers_) floats += stream_layer_size(layer);
    return floats;
  }
  void step(const float* row, std::int32_t word, Index count, float* stream) const override {
    Scratch scratch;
    Index multiplications = 0, widest = 0;
    for (const auto& layer : layers_) {
      multiplications += layer.step_size() + layer.input_size() * layer.sums_row();
      widest = std::max(widest, layer.sums_row());
    }
    float* sums = scratch.take<float>({widest}).data;
    ThreadPool::instance().run_team(team_size(1, multiplications), [&](const Member& member) {
      const float* input = row;
      float* memory = stream;
      for (const auto& layer : layers_) {
        const StreamLayer at(layer, memory, count);
        const Share share(layer, member);
        const float* from = sums;
        if (!input && has_table()) from = table_row(word);
        else
          layer.project({input ? input : vector_of(word), layer.input_size()}, 1, share.first, share.last,
                        sums);
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
  const float* stream_cell(Index layer, const float* stream) const override {
    const auto& one = layers_[static_cast<std::size_t>(layer)];
    return one.cell() == RecurrentCell::lstm ? stream_layer(layer, stream) + one.width() : nullptr;
  }

  std::size_t bytes() const override {
    std::size_t sum = table_.bytes() + words_.bytes();
    for (const auto& layer : layers_) sum += layer.bytes();
    return sum;
  }
  bool has_table() const override { return table_.data() != nullptr; }

 private:
  static constexpr Index group_size =
      48;  ///< rows whose states, sums and weights stay in the second-level cache

  /// Blocks of units of a member of a team.
  struct Share {
    Index first, last;
    Share(const FrozenLayer& layer, const Member& member)
        : first(layer.blocks() * member.number / member.count),
          last(layer.blocks() * (member.number + 1) / member.count) {}
  };

  /// Sequences of a group: places[0], places[stride], ... of the order by falling length.
  struct Places {
    const Index* order;
    Index count, stride;
    Index operator[](Index i) const { return order[i * stride]; }
  };

  // ---- words

  /// The sums of all words where they are small enough, else their vectors.
  void make_words(View<const float> words, std::size_t table_bytes) {
    vocabulary_ = words.shape[0];
    const Index features = words.shape[1], row = directions_ * layers_[0].sums_row();
    words_ = PackedArray<float>((vocabulary_ + 1) * features);  // the last one is zeros
    std::copy_n(words.data, vocabulary_ * features, words_.data());
    if (static_cast<double>(row) * static_cast<double>(vocabulary_ + 1) * sizeof(float) >
        static_cast<double>(table_bytes))
      return;
    table_ = PackedArray<float>((vocabulary_ + 1) * row);
    constexpr Index chunk = 96;
    parallel_for(divide_up(vocabulary_ + 1, chunk), [&](Index i) {
      const Index first = i * chunk, count = std::min(chunk, vocabulary_ + 1 - first);
      Scratch scratch;
      float* sums = scratch.take<float>({count, layers_[0].sums_row()}).data;
      for (Index d = 0; d < directions_; ++d) {
        const FrozenLayer& layer = layers_[static_cast<std::size_t>(d)];
        layer.project({words_.data() + first * features, features}, count, 0, layer.blocks(), sums);
        for (Index k = 0; k < count; ++k)
          std::copy_n(sums + k * layer.sums_row(), layer.sums_row(),
                      table_.data() + (first + k) * row + d * layer.sums_row());
      }
    });
    words_ = {};
  }
  Index word_row(std::int32_t word) const { return word == ignore_ ? vocabulary_ : word; }
  const float* table_row(std::int32_t word) const {
    return table_.data() + word_row(word) * directions_ * layers_[0].sums_row();
  }
  const float* vector_of(std::int32_t word) const {
    return words_.data() + word_row(word) * layers_[0].input_size();
  }

  static const Index* sort_by_length(const FrozenInput& input, Scratch& scratch) {
    const Index count = input.sequences();
    Index* order = scratch.take<Index>({count}).data;
    for (Index i = 0; i < count; ++i) order[i] = i;
    std::sort(order, order + count, [&](Index a, Index b) {
      const Index la = input.length(a), lb = input.length(b);
      return la != lb ? la > lb : a < b;
    });
    return order;
  }

  // ---- streams: of each layer the hidden states, the cell's, and twice the hidden states as they are
  // multiplied

  static Index stream_layer_size(const FrozenLayer& layer) {
    return divide_up(2 * layer.width() + 2 * layer.operand_row(), 16) * 16;
  }
  struct StreamLayer {
    float *hidden, *state, *before, *after;
    StreamLayer(const FrozenLayer& layer, float* memory, Index count)
        : hidden(memory), state(memory + layer.width()) {
      float* operands = state + layer.width();
      before = operands + (count % 2) * layer.operand_row();
      after = operands + (1 - count % 2) * layer.operand_row();
    }
  };
  const float* stream_layer(Index layer, const float* stream) const {
    for (Index i = 0; i < layer; ++i) stream += stream_layer_size(layers_[static_cast<std::size_t>(i)]);
    return stream;
  }

  // ---- sequences that are computed together

  /// The shared memory of one group; rows in time-major order: offset(step) + place.
  class Group {
   public:
    Group(const CpuFrozenStack& stack, const FrozenInput& input, const FrozenResult& result,
          const Index* first_row, Places places, Scratch& scratch)
        : stack_(stack),
          input_(input),
          result_(result),
          first_row_(first_row),
          places_(places),
          steps_(input.length(places[0])),
          offset_(scratch.take<Index>({steps_ + 1}).data) {
      Index running = places.count;
      offset_[0] = 0;
      for (Index step = 0; step < steps_; ++step) {
        while (length(running - 1) <= step) --running;
        offset_[step + 1] = offset_[step] + running;
      }
      Index sums_row = 0, operand = 0, layer_count = std::ssize(stack.layers_) / stack.directions_;
      width_ = stack.layers_[0].width();
      for (const auto& layer : stack.layers_)
        sums_row = std::max(sums_row, layer.sums_row()), operand = std::max(operand, layer.operand_row());
      const Index rows = tokens(), places_width = places.count * width_;
      if (!stack.has_table() || layer_count > 1) sums_ = scratch.take<float>({rows, sums_row}).data;
      for (auto& hidden : hidden_)
        if (layer_count > 1 || result.hidden)
          hidden = scratch.take<float>({rows, stack.directions_, width_}).data;
      last_ = scratch.take<float>({places.count, stack.directions_, width_}).data;
      state_ = scratch.take<float>({places_width}).data;
      for (auto& operands : operands_) operands = scratch.take<float>({places.count, operand}).data;
    }

    Index steps() const { return steps_; }
    Index tokens() const { return offset_[steps_]; }
    Index multiplications() const {
      Index sum = 0;
      for (const auto& layer : stack_.layers_) sum += tokens() * layer.step_size();
      return sum;
    }

    /// Each member computes the same share of the units of every layer.
    void run(const Member& member) const {
      Scratch scratch;
      const Index directions = stack_.directions_, layers = std::ssize(stack_.layers_) / directions;
      const float** sums = scratch.take<const float*>({tokens()}).data;
      float** hidden = scratch.take<float*>({tokens()}).data;
      for (Index at = 0; at < layers; ++at)
        for (Index direction = 0; direction < directions; ++direction) {
          const FrozenLayer& layer = stack_.layers_[static_cast<std::size_t>(at * directions + direction)];
          const Share share(layer, member);
          if (at > 0) sums_of_states(layer, share, hidden_[(at - 1) % 2], direction, sums);
          else if (input_.segments) sums_of_rows(layer, share, direction, sums);
          else if (stack_.has_table()) sums_of_table(layer, direction, sums);
          else sums_of_words(layer, share, direction, sums);
          for_each_token(direction, [&](Index token, Index place, Index row) {
            hidden[token] = (at + 1 < layers || result_.hidden ? hidden_[at % 2] + row * directions * width_
                                                               : last_ + place * directions * width_) +
                            direction * width_;
          });
          run_steps(layer, share, sums, hidden, member);
        }
      if (member.number == 0) write_results(hidden_[(layers - 1) % 2]);
    }

   private:
    Index length(Index place) const { return input_.length(places_[place]); }
    Index running(Index step) const { return offset_[step + 1] - offset_[step]; }
    /// What a direction reads and writes at a step: a row of the order of the forward pass.
    Index row(Index place, Index step, Index direction) const {
      return offset_[direction == 0 ? step : length(place) - 1 - step] + place;
    }
    /// Calls `use(token, place, row)` in the order in which a direction meets the tokens.
    template <class Use>
    void for_each_token(Index direction, Use use) const {
      for (Index step = 0; step < steps_; ++step)
        for (Index place = 0; place < running(step); ++place)
          use(offset_[step] + place, place, row(place, step, direction));
    }
    std::int32_t word(Index place, Index position) const {
      return input_.sentences[static_cast<std::size_t>(places_[place])][static_cast<std::size_t>(position)];
    }

    // Where the sums of the input of each token stand, after the member's share of them was computed.

    void sums_of_states(const FrozenLayer& layer, Share share, const float* below, Index direction,
                        const float** sums) const {
      layer.project({below, stack_.directions_ * width_, stack_.directions_, width_}, tokens(), share.first,
                    share.last, sums_);
      for_each_token(direction,
                     [&](Index token, Index, Index row) { sums[token] = sums_ + row * layer.sums_row(); });
    }
    void sums_of_rows(const FrozenLayer& layer, Share share, Index direction, const float** sums) const {
      Scratch scratch;
      Index* rows = scratch.take<Index>({tokens()}).data;
      for (Index step = 0; step < steps_; ++step)
        for (Index place = 0; place < running(step); ++place)
          rows[offset_[step] + place] = input_.segments->first(places_[place]) + step;
      layer.project({input_.rows.data, layer.input_size(), 1, 0, rows}, tokens(), share.first, share.last,
                    sums_);
      for_each_token(direction,
                     [&](Index token, Index, Index row) { sums[token] = sums_ + row * layer.sums_row(); });
    }
    void sums_of_table(const FrozenLayer& layer, Index direction, const float** sums) const {
      for (Index step = 0; step < steps_; ++step)
        for (Index place = 0; place < running(step); ++place)
          sums[offset_[step] + place] =
              direction * layer.sums_row() +
              stack_.table_row(word(place, direction == 0 ? step : length(place) - 1 - step));
    }
    /// Of each distinct word once.
    void sums_of_words(const FrozenLayer& layer, Share share, Index direction, const float** sums) const {
      Scratch scratch;
      Index* slot = scratch.take<Index>({stack_.vocabulary_ + 1}).data;
      Index* words = scratch.take<Index>({tokens()}).data;
      Index distinct = 0;
      std::fill_n(slot, stack_.vocabulary_ + 1, Index{-1});
      for (Index place = 0; place < places_.count; ++place)
        for (Index position = 0; position < length(place); ++position) {
          const Index id = stack_.word_row(word(place, position));
          if (slot[id] < 0) slot[id] = distinct, words[distinct++] = id;
        }
      layer.project({stack_.words_.data(), layer.input_size(), 1, 0, words}, distinct, share.first,
                    share.last, sums_);
      for (Index step = 0; step < steps_; ++step)
        for (Index place = 0; place < running(step); ++place) {
          const Index id = stack_.word_row(word(place, direction == 0 ? step : length(place) - 1 - step));
          sums[offset_[step] + place] = sums_ + slot[id] * layer.sums_row();
        }
    }

    void run_steps(const FrozenLayer& layer, Share share, const float* const* sums, float* const* hidden,
                   const Member& member) const {
      const Index units = layer.width() / layer.blocks();
      for (Index place = 0; place < places_.count; ++place)
        std::fill(state_ + place * width_ + share.first * units, state_ + place * width_ + share.last * units,
                  0.0f);
      for (Index step = 0; step < steps_; ++step) {
        layer.step(running(step), share.first, share.last, sums + offset_[step],
                   step > 0 ? operands_[step % 2] : nullptr, operands_[(step + 1) % 2], state_,
                   hidden + offset_[step]);
        member.barrier.wait();
      }
    }

    /// `hidden`: rows of the top layer, where they were asked for.
    void write_results(const float* hidden) const {
      const Index directions = stack_.directions_, n = stack_.layers_[0].hidden_size();
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

    const CpuFrozenStack& stack_;
    const FrozenInput& input_;
    const FrozenResult& result_;
    const Index* first_row_;  ///< of each sequence in result.hidden
    Places places_;
    Index steps_;
    Index* offset_;  ///< of each step's rows in time-major order
    Index width_ = 0;
    float* sums_ = nullptr;                     ///< [rows or distinct words][sums_row]
    float* hidden_[2] = {};                     ///< of the layers in turn [rows][directions][width]
    float *last_ = nullptr, *state_ = nullptr;  ///< [places][directions][width], [places][width]
    float* operands_[2] = {};                   ///< before and after a step in turn [places][operand_row]
  };

  Index directions_;
  std::int32_t ignore_;
  std::vector<FrozenLayer> layers_;  ///< layer directions + direction
  Index vocabulary_ = 0;
  PackedArray<float> table_,
      words_;  ///< one of them: [vocabulary + 1][directions][sums_row], [vocabulary + 1][input_size]
};

}  // namespace lstmlib::cpu
