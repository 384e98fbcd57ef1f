// SPDX-License-Identifier: MIT
// Steps of packed recurrent layers: see InferenceStep.

// Numbers for which the cell formulas use an approximate sigmoid and tanh, with absolute error up to 3e-7.
// Training uses accurate ones. Rounding in the sums before them loses more than that.
struct Fast {
  Lanes<float> x;
};
[[gnu::always_inline]] inline Fast operator+(Fast a, Fast b) { return {a.x + b.x}; }
[[gnu::always_inline]] inline Fast operator-(Fast a, Fast b) { return {a.x - b.x}; }
[[gnu::always_inline]] inline Fast operator*(Fast a, Fast b) { return {a.x * b.x}; }

// 2^x, with x clamped to at most 126. The whole part of x becomes the exponent; a minimax polynomial with
// relative error 1.4e-7 gives the rest. AVX-512 has its own version.
template <class V>
[[gnu::always_inline]] inline V exp2_approx(V x) {
  using Bits = typename VectorTraits<V>::Bits;
  const V limited = maximum(minimum(x, splat<V>(126)), splat<V>(-126));
  const V shift = splat<V>(12582912);  // 1.5 2^23: adding it rounds to a whole number in the low bits
  const V shifted = limited + shift;
  const V r = limited - (shifted - shift);
  V p = splat<V>(1.34072589e-3);
  p = p * r + splat<V>(9.67187507e-3);
  p = p * r + splat<V>(5.55030836e-2);
  p = p * r + splat<V>(2.40222346e-1);
  p = p * r + splat<V>(6.93147215e-1);
  p = p * r + splat<V>(1);
  return (V)((Bits)p + ((Bits)shifted << 23));
}

// 1 / (1 + 2^x).
[[gnu::always_inline]] inline Lanes<float> inverse_one_plus_exp2(Lanes<float> x) {
  return reciprocal(splat<Lanes<float>>(1) + exp2_approx(x));
}
[[gnu::always_inline]] inline Fast sigmoid(Fast a) {
  return {inverse_one_plus_exp2(a.x * splat<Lanes<float>>(-1.44269504088896341))};
}
[[gnu::always_inline]] inline Fast hyperbolic_tangent(Fast a) {
  using V = Lanes<float>;
  return {splat<V>(2) * inverse_one_plus_exp2(a.x * splat<V>(-2 * 1.44269504088896341)) - splat<V>(1)};
}

// A cell for one row of a block. `pre`: pre-activations of its gates; `state`: what the next step needs
// besides the hidden state; `vector`: which vector of the block's units. Returns the new hidden state.
struct LstmStep {
  static constexpr bool has_state = true;
  static constexpr int initial_hidden = 0;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int, float* state) {
    const auto next = lstm_cell_forward<Fast>({{pre[0]}, {pre[1]}, {pre[2]}, {pre[3]}}, {load(state)});
    store<float>(state, next.cell.x);
    return next.hidden.x;
  }
};
struct GruStep {
  static constexpr bool has_state = true;
  static constexpr int initial_hidden = 1;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int, float* state) {
    const auto next = gru_cell_forward<Fast>({pre[1]}, {pre[2]}, {pre[0]}, {pre[3]}, {load(state)});
    store<float>(state, next.hidden.x);
    return next.hidden.x;
  }
};
struct RnnTanhStep {
  static constexpr bool has_state = false;
  static constexpr int initial_hidden = 0;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int vector, float*) {
    return hyperbolic_tangent(Fast{pre[vector]}).x;
  }
};
struct RnnReluStep {
  static constexpr bool has_state = false;
  static constexpr int initial_hidden = 0;
  [[gnu::always_inline]] static Lanes<float> hidden(const Lanes<float>* pre, int vector, float*) {
    return Relu{}(pre[vector]);
  }
};

template <class Packed>
struct SumOf {
  using Type = float;
};
template <>
struct SumOf<Int8Quad> {
  using Type = std::int32_t;
};

// Sums as floats; `at` is the offset of their column in the scales.
template <class Packed>
[[gnu::always_inline]] inline Lanes<float> number(const InferenceStep<Packed>&, Index, const float* sums) {
  return load(sums);
}
[[gnu::always_inline]] inline Lanes<float> number(const InferenceStep<Int8Quad>& p, Index at,
                                                  const std::int32_t* sums) {
  return __builtin_convertvector(load(sums), Lanes<float>) * load(p.scale + at);
}

// Stores hidden states in the format that the next step multiplies, `at` units from the beginning of the row.
[[gnu::always_inline]] inline void store_operand(float* row, Index at, Lanes<float> hidden) {
  store<float>(row + at, hidden);
}
[[gnu::always_inline]] inline void store_operand(Bf16Pair* row, Index at, Lanes<float> hidden) {
  store_bf16(reinterpret_cast<std::uint16_t*>(row) + at, hidden);
}
typedef std::uint8_t QuarterLanes __attribute__((vector_size(vector_bytes / 4), aligned(1), may_alias));
// Stores 128 + 127 h, because bytes of the left matrix are unsigned.
[[gnu::always_inline]] inline void store_operand(Int8Quad* row, Index at, Lanes<float> hidden) {
  using V = Lanes<float>;
  using Bits = Lanes<std::int32_t>;
  const V shift = splat<V>(12582912);  // 1.5 2^23: adding it rounds to whole numbers
  const Bits bits = (Bits)(hidden * splat<V>(127) + shift) - ((Bits)shift - 128);
  *reinterpret_cast<QuarterLanes*>(reinterpret_cast<std::uint8_t*>(row) + at) =
      __builtin_convertvector(bits, QuarterLanes);
}

// Product of the states of `count` rows (at most tile_rows) and the weights of a block. Out of line, because
// all cells share it.
template <class Packed>
[[gnu::noinline]] void multiply_states(const InferenceStep<Packed>& p, Index row, Index count, Index block,
                                       int vectors,
                                       typename SumOf<Packed>::Type (*sums)[4 * lanes_of<float>]) {
  using Sum = typename SumOf<Packed>::Type;
  const Index width = vectors * lanes_of<float>;
  Product<Sum, Packed> product{};
  product.left_step = 1;
  product.right = p.weights + block * p.depth * width;
  product.right_step = width;
  product.depth = p.depth;
  product.parts = 1;
  if constexpr (__is_same(Packed, Int8Quad)) product.bias = p.compensation + block * width;
  product.vectors = vectors;
  product.columns = width;
  const Packed* left[tile_rows];
  Sum* result[tile_rows];
  for (Index i = 0; i < count; ++i) {
    left[i] = p.before + (row + i) * p.operand_row;
    result[i] = sums[i];
  }
  product_block<Sum, Packed>(product, count, left, result);
}

// Applies the cell to `rows` rows of a block, given the product's sums (null: zeros). A function of its own
// with all formulas inlined, so that the processor overlaps several rows.
template <class Packed, class Cell, class Sum>
[[gnu::flatten, gnu::noinline]] void finish_rows(const InferenceStep<Packed>& p, Index first_row, Index rows,
                                                 Index block, const Sum (*sums)[4 * lanes_of<float>]) {
  constexpr int lanes = lanes_of<float>;
  const int vectors = Cell::has_state ? 4 : p.vectors;
  const int unit_vectors = Cell::has_state ? 1 : vectors, hidden_vectors = vectors - Cell::initial_hidden;
  const Index unit = block * unit_vectors * lanes;
  for (Index i = 0; i < rows; ++i) {
    const Index row = first_row + i;
    Lanes<float> pre[4];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) pre[j] = load(p.projections[row] + (block * vectors + j) * lanes);
    if (sums) {
#pragma GCC unroll 4
      for (int j = 0; j < hidden_vectors; ++j)
        pre[Cell::initial_hidden + j] = pre[Cell::initial_hidden + j] +
                                        number(p, (block * hidden_vectors + j) * lanes, sums[i] + j * lanes);
    }
    float* state = Cell::has_state ? p.state + row * p.state_row + unit : nullptr;
    for (int j = 0; j < unit_vectors; ++j) {
      const Lanes<float> hidden = Cell::hidden(pre, j, state);
      store<float>(p.hidden[row] + unit + j * lanes, hidden);
      store_operand(p.after + row * p.operand_row, unit + j * lanes, hidden);
    }
  }
}

// The product for one sequence and one block. Even and odd elements have separate sums, so that additions
// need not wait for each other.
template <class Packed, int vectors>
void multiply_one(const InferenceStep<Packed>& p, Index block, typename SumOf<Packed>::Type* sums) {
  using Step = Arithmetic<Packed>;
  using Sum = typename SumOf<Packed>::Type;
  constexpr int lanes = lanes_of<float>;
  const Packed* weights = p.weights + block * p.depth * vectors * lanes;
  Lanes<Sum> even[vectors], odd[vectors];
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    even[j] = odd[j] = Lanes<Sum>{};
    if constexpr (__is_same(Packed, Int8Quad)) even[j] = load(p.compensation + (block * vectors + j) * lanes);
  }
  Index step = 0;
  for (; step + 2 <= p.depth; step += 2, weights += 2 * vectors * lanes) {
    const typename Step::Left first = Step::left(p.before[step]), second = Step::left(p.before[step + 1]);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) even[j] = Step::add(even[j], first, Step::right(weights + j * lanes));
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j)
      odd[j] = Step::add(odd[j], second, Step::right(weights + (vectors + j) * lanes));
  }
  if (step < p.depth) {
    const typename Step::Left last = Step::left(p.before[step]);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) even[j] = Step::add(even[j], last, Step::right(weights + j * lanes));
  }
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) store<Sum>(sums + j * lanes, even[j] + odd[j]);
}

template <class Packed>
void multiply_one(const InferenceStep<Packed>& p, Index block, int vectors,
                  typename SumOf<Packed>::Type* sums) {
  switch (vectors) {
    case 1: return multiply_one<Packed, 1>(p, block, sums);
    case 2: return multiply_one<Packed, 2>(p, block, sums);
    case 3: return multiply_one<Packed, 3>(p, block, sums);
    default: multiply_one<Packed, 4>(p, block, sums);
  }
}

// One sequence: loading weights from the L2 cache takes all the time. So the cells of several blocks are
// computed together while the next weights are prefetched.
template <class Packed, class Cell>
void inference_step_of_one(const InferenceStep<Packed>& p) {
  constexpr int lanes = lanes_of<float>, max_blocks = 16, line = 64, lines_a_block = 24;
  const int vectors = Cell::has_state ? 4 : p.vectors;
  const Index block_size = p.depth * (vectors - Cell::initial_hidden) * lanes;
  typename SumOf<Packed>::Type sums[max_blocks][4 * lanes];
  for (Index first = p.first_block; first < p.last_block; first += max_blocks) {
    const Index last = first + max_blocks < p.last_block ? first + max_blocks : p.last_block;
    for (Index block = first; p.before && block < last; ++block) {
      for (int j = 0; j < vectors; ++j) __builtin_prefetch(p.projections[0] + (block * vectors + j) * lanes);
      multiply_one(p, block, vectors - Cell::initial_hidden, sums[block - first]);
    }
    const Packed* weights = p.weights + (last < p.last_block ? last : p.first_block) * block_size;
    const char* next = reinterpret_cast<const char*>(weights);
    for (Index block = first; block < last; ++block) {
      for (int i = 0; i < lines_a_block; ++i, next += line) __builtin_prefetch(next);
      finish_rows<Packed, Cell>(p, 0, 1, block, p.before ? sums + (block - first) : nullptr);
    }
  }
}

template <class Packed, class Cell>
void inference_step(const InferenceStep<Packed>& p) {
  if (p.rows == 1) return inference_step_of_one<Packed, Cell>(p);
  constexpr int lanes = lanes_of<float>;
  const int vectors = Cell::has_state ? 4 : p.vectors, hidden_vectors = vectors - Cell::initial_hidden;
  const Index tiles = (p.rows + tile_rows - 1) / tile_rows;
  for (Index block = p.first_block; block < p.last_block; ++block) {
    Index row = 0;
    for (Index tile = 0; tile < tiles; ++tile) {
      const Index count = p.rows / tiles + (tile < p.rows % tiles ? 1 : 0);
      for (Index i = 0; i < count; ++i)  // read after the product, from anywhere in memory
        for (int j = 0; j < vectors; ++j)
          __builtin_prefetch(p.projections[row + i] + (block * vectors + j) * lanes);
      typename SumOf<Packed>::Type sums[tile_rows][4 * lanes];
      if (p.before) multiply_states<Packed>(p, row, count, block, hidden_vectors, sums);
      finish_rows<Packed, Cell>(p, row, count, block, p.before ? sums : nullptr);
      row += count;
    }
  }
}
