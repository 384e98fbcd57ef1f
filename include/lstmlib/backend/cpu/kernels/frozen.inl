// SPDX-License-Identifier: MIT
// Steps of frozen recurrent layers: see FrozenStep.

// A cell for a row of a block: `pre`, the sums of its gates; `state`, what the next step needs besides the
// hidden state; `vector`, which vector of the block's units. The hidden state after the step is returned.
struct LstmStep {
  static constexpr bool has_state = true;
  static constexpr int first_hidden = 0;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int, float* state) {
    const auto next = lstm_cell_forward<Lanes<float>>({pre[0], pre[1], pre[2], pre[3]}, load(state));
    store<float>(state, next.cell);
    return next.hidden;
  }
};
struct GruStep {
  static constexpr bool has_state = true;
  static constexpr int first_hidden = 1;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int, float* state) {
    const auto next = gru_cell_forward<Lanes<float>>(pre[1], pre[2], pre[0], pre[3], load(state));
    store<float>(state, next.hidden);
    return next.hidden;
  }
};
template <class Activation>
struct RnnStep {
  static constexpr bool has_state = false;
  static constexpr int first_hidden = 0;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int vector, float*) {
    return Activation{}(pre[vector]);
  }
};

template <class Unit>
struct SumOf {
  using Type = float;
};
template <>
struct SumOf<Int8Quad> {
  using Type = std::int32_t;
};

// Sums of the hidden state as numbers, `at` elements from the first of their matrix.
template <class Unit>
[[gnu::always_inline]] inline Lanes<float> number(const FrozenStep<Unit>&, Index, const float* sums) {
  return load(sums);
}
[[gnu::always_inline]] inline Lanes<float> number(const FrozenStep<Int8Quad>& p, Index at,
                                                  const std::int32_t* sums) {
  return __builtin_convertvector(load(sums), Lanes<float>) * load(p.scale + at);
}

// Hidden states as the next step multiplies them, `at` units from the row's begin.
[[gnu::always_inline]] inline void store_operand(float* row, Index at, Lanes<float> hidden) {
  store<float>(row + at, hidden);
}
[[gnu::always_inline]] inline void store_operand(Bf16Pair* row, Index at, Lanes<float> hidden) {
  store_bf16(reinterpret_cast<std::uint16_t*>(row) + at, hidden);
}
typedef std::uint8_t QuarterLanes __attribute__((vector_size(vector_bytes / 4), aligned(1), may_alias));
// 128 + 127 h: bytes of the left matrix have no sign.
[[gnu::always_inline]] inline void store_operand(Int8Quad* row, Index at, Lanes<float> hidden) {
  using V = Lanes<float>;
  using Bits = Lanes<std::int32_t>;
  const V shift = splat<V>(12582912);  // 1.5 2^23: adding it rounds to whole numbers
  const Bits bits = (Bits)(hidden * splat<V>(127) + shift) - ((Bits)shift - 128);
  *reinterpret_cast<QuarterLanes*>(reinterpret_cast<std::uint8_t*>(row) + at) =
      __builtin_convertvector(bits, QuarterLanes);
}

template <class Unit, int rows>
[[gnu::always_inline]] inline void multiply_states(const FrozenStep<Unit>& p, Index row, Index block,
                                                   int vectors,
                                                   typename SumOf<Unit>::Type (*sums)[4 * lanes_of<float>]) {
  using Sum = typename SumOf<Unit>::Type;
  const Index width = vectors * lanes_of<float>;
  Product<Sum, Unit> product{};
  product.left_step = 1;
  product.right = p.weights + block * p.steps * width;
  product.right_step = width;
  product.steps = p.steps;
  product.parts = 1;
  if constexpr (__is_same(Unit, Int8Quad)) product.start = p.start + block * width;
  product.vectors = vectors;
  product.columns = width;
  const Unit* left[rows];
  Sum* result[rows];
  for (int i = 0; i < rows; ++i) {
    left[i] = p.before + (row + i) * p.operand_row;
    result[i] = sums[i];
  }
  product_rows<Sum, Unit, rows, (rows == 1 ? 2 : 1)>(product, left, result);
}

template <class Unit, class Cell>
void frozen_step(const FrozenStep<Unit>& p) {
  using Sum = typename SumOf<Unit>::Type;
  constexpr int lanes = lanes_of<float>;
  const int vectors = Cell::has_state ? 4 : p.vectors, unit_vectors = Cell::has_state ? 1 : p.vectors;
  const int hidden_vectors = vectors - Cell::first_hidden;
  const Index tiles = (p.rows + tile_rows - 1) / tile_rows;
  for (Index block = p.first_block; block < p.last_block; ++block) {
    const Index unit = block * unit_vectors * lanes, gate = block * vectors * lanes;
    Index row = 0;
    for (Index tile = 0; tile < tiles; ++tile) {
      const Index count = p.rows / tiles + (tile < p.rows % tiles ? 1 : 0);
      for (Index i = 0; i < count; ++i)  // read after the product, from anywhere in memory
        for (int j = 0; j < vectors; ++j) __builtin_prefetch(p.sums[row + i] + gate + j * lanes);
      Sum sums[tile_rows][4 * lanes];
      if (p.before) switch (count) {
          case 1: multiply_states<Unit, 1>(p, row, block, hidden_vectors, sums); break;
          case 2: multiply_states<Unit, 2>(p, row, block, hidden_vectors, sums); break;
          case 3: multiply_states<Unit, 3>(p, row, block, hidden_vectors, sums); break;
          case 4: multiply_states<Unit, 4>(p, row, block, hidden_vectors, sums); break;
          case 5: multiply_states<Unit, 5>(p, row, block, hidden_vectors, sums); break;
          default: multiply_states<Unit, 6>(p, row, block, hidden_vectors, sums);
        }
      for (Index i = 0; i < count; ++i) {
        Lanes<float> pre[4];
        for (int j = 0; j < vectors; ++j) pre[j] = load(p.sums[row + i] + gate + j * lanes);
        if (p.before)
          for (int j = 0; j < hidden_vectors; ++j)
            pre[Cell::first_hidden + j] =
                pre[Cell::first_hidden + j] +
                number(p, (block * hidden_vectors + j) * lanes, sums[i] + j * lanes);
        float* state = Cell::has_state ? p.state + (row + i) * p.state_row + unit : nullptr;
        for (int j = 0; j < unit_vectors; ++j) {
          const Lanes<float> hidden = Cell::hidden(pre, j, state);
          store<float>(p.hidden[row + i] + unit + j * lanes, hidden);
          store_operand(p.after + (row + i) * p.operand_row, unit + j * lanes, hidden);
        }
      }
      row += count;
    }
  }
}
