// SPDX-License-Identifier: MIT
// Packed weights hold every weight once, in its place, and zeros elsewhere.
#include "lstmlib/backend/cpu/recurrent_layout.hpp"

#include "settings.hpp"

#include <numeric>

using namespace lstmlib;
using cpu::RecurrentLayout;

namespace {

/// Weights 1, 2, 3, ... [gates hidden, inner].
struct Weights {
  Shape shape;
  std::vector<float> values;
  Weights(Index rows, Index inner) : shape{rows, inner}, values(static_cast<std::size_t>(rows * inner)) {
    std::iota(values.begin(), values.end(), 1.0f);
  }
  View<const float> view() const { return {values.data(), shape}; }
};

/// Calls `use(layout, weights of the input)` for cells and sizes of all kinds.
template <class Use>
void with_layouts(Use use) {
  const std::vector<Index> lengths = {3, 1};
  const SequenceLayout batch(lengths);
  test::with_each_instruction_set([&] {
    for (const auto cell : {RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn_tanh})
      for (const Index hidden : {1, 15, 16, 17, 64, 65, 100})
        for (const Index input : {1, 16, 70}) {
          const Weights weights(gate_count(cell) * hidden, input),
              recurrent(gate_count(cell) * hidden, hidden);
          const RecurrentLayout<float> layout(
              {cell, false, batch, {}, weights.view(), recurrent.view(), {}, {}, {}, {}});
          CAPTURE(static_cast<int>(cell));
          CAPTURE(hidden);
          CAPTURE(input);
          use(layout, weights);
        }
  });
}

/// The unpacked weights, from (unit, column of gates, inner) -> element; checks that the padding is zero.
template <class Element>
void check_unpacked(const RecurrentLayout<float>& l, const Weights& weights, Element element) {
  std::vector<float> unpacked(weights.values.size());
  float outside = 0;
  for (Index unit = 0; unit < l.hidden_width; ++unit)
    for (int column = 0; column < l.cell.input_columns; ++column)
      for (Index k = 0; k < l.input_size; ++k) {
        const float value = element(unit / l.block_units, column, unit % l.block_units, k);
        if (unit < l.hidden_size)
          unpacked[static_cast<std::size_t>((l.input_gate(column) * l.hidden_size + unit) * l.input_size +
                                            k)] = value;
        else outside += std::abs(value);
      }
  CHECK(unpacked == weights.values);
  CHECK(outside == 0);
}

}  // namespace

TEST_CASE("layout: weights packed by columns of gates come back") {
  with_layouts([](const RecurrentLayout<float>& l, const Weights& weights) {
    const Index panel = l.input_size * l.input_row();
    std::vector<float> packed(static_cast<std::size_t>(l.blocks * panel), -1.0f);
    for (Index block = 0; block < l.blocks; ++block)
      cpu::pack_gate_columns(
          l, weights.view(), l.cell.input_columns, [&](int c) { return l.input_gate(c); }, block,
          packed.data() + block * panel);
    check_unpacked(l, weights, [&](Index block, int column, Index unit, Index k) {
      return packed[static_cast<std::size_t>(block * panel + k * l.input_row() + column * l.block_units +
                                             unit)];
    });
  });
}

TEST_CASE("layout: weights packed by rows of gates come back") {
  with_layouts([](const RecurrentLayout<float>& l, const Weights& weights) {
    const Index width = l.input_size + 3;  // a panel may be wider than what it holds
    std::vector<float> packed(static_cast<std::size_t>(l.blocks * l.input_row() * width), -1.0f);
    cpu::pack_gate_rows(
        l, weights.view(), l.cell.input_columns, [&](int c) { return l.input_gate(c); }, 0, l.input_size,
        packed.data(), width);
    check_unpacked(l, weights, [&](Index block, int column, Index unit, Index k) {
      return packed[static_cast<std::size_t>((block * l.input_row() + column * l.block_units + unit) * width +
                                             k)];
    });
    for (std::size_t i = 0; i < packed.size(); ++i)
      if (static_cast<Index>(i) % width >= l.input_size) REQUIRE(packed[i] == 0);
  });
}
