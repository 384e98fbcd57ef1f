// SPDX-License-Identifier: MIT
// Matrix products: the sums of a tile stay in registers over the whole inner dimension.

constexpr int tile_rows = 6;
// With sanitizers each access takes several instructions and a branch, and unrolled ones take minutes to
// compile.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool with_sanitizer = true;
#elif defined(__has_feature)
constexpr bool with_sanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool with_sanitizer = false;
#endif

// Steps of the inner dimension per iteration. Four steps speed up large tiles: float32 by 2 to 3 %, packed
// bfloat16 and bytes without instructions of their own by 7 to 11 %. Small tiles gain nothing, and would
// dominate the compile time of the kernels.
template <int rows, int vectors>
constexpr int unrolled_steps = !with_sanitizer && 2 * rows * vectors >= tile_rows * tile_vectors ? 4 : 1;

// One step of the inner dimension: element `at` of each left row times row `right` of the panel.
template <class Sum, class Packed, int rows, int vectors>
[[gnu::always_inline]] inline void product_step(Lanes<Sum> (&sum)[rows][vectors],
                                                const Packed* const (&left)[rows], Index at,
                                                const Packed* right) {
  using Step = Arithmetic<Packed>;
  typename Step::Right column[vectors];
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) column[j] = Step::right(right + j * lanes_of<Sum>);
#pragma GCC unroll 6
  for (int i = 0; i < rows; ++i) {
    const typename Step::Left factor = Step::left(left[i][at]);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sum[i][j] = Step::add(sum[i][j], factor, column[j]);
  }
}

// Stores the first `count` elements of a sum. Out of line: rarely needed, and each copy costs compile time.
template <class Sum>
[[gnu::noinline]] void store_columns(Sum* to, Lanes<Sum> sum, Index count, bool add) {
  store_part<Sum>(to, add ? load_part<Sum>(to, count) + sum : sum, count);
}

// A tile: `rows` rows by `vectors` vectors of columns, from vector `first` of the panel.
template <class Sum, class Packed, int rows, int vectors>
void product_tile(const Product<Sum, Packed>& p, const Packed* const* left, Sum* const* result, int first) {
  constexpr int lanes = lanes_of<Sum>;
  Lanes<Sum> sum[rows][vectors];
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    const Lanes<Sum> bias = p.bias ? load(p.bias + (first + j) * lanes) : Lanes<Sum>{};
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) sum[i][j] = bias;
  }
  const Packed* right = p.right + first * lanes;
  const Index right_step = p.right_step, left_step = p.left_step;
  for (Index part = 0; part < p.parts; ++part) {
    const Packed* from[rows];
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) from[i] = left[i] + part * p.left_part;
    // Several steps at a time, with one index for all rows. On Intel's cores, address arithmetic shares ports
    // with multiply-adds, so every saved instruction counts.
    constexpr int unrolled = unrolled_steps<rows, vectors>;
    Index at = 0, step = 0;
    for (; step + unrolled <= p.depth; step += unrolled) {
#pragma GCC unroll 4
      for (int i = 0; i < unrolled; ++i) {
        product_step<Sum, Packed>(sum, from, at, right);
        at += left_step;
        right += right_step;
        asm("" : "+r"(at), "+r"(right));  // else the compiler keeps a pointer for each row and step
      }
    }
    for (; unrolled > 1 && step < p.depth; ++step) {
      product_step<Sum, Packed>(sum, from, at, right);
      at += left_step;
      right += right_step;
    }
  }
  const Index columns = p.columns - first * lanes;
  if (columns >= vectors * lanes) {
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) {
      Sum* to = result[i] + first * lanes;
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j)
        store<Sum>(to + j * lanes, p.add ? load(to + j * lanes) + sum[i][j] : sum[i][j]);
    }
    return;
  }
#pragma GCC unroll 4
  for (int j = 0; j < vectors; ++j) {
    const Index rest = columns - j * lanes, count = rest < lanes ? rest : lanes;
    if (count <= 0) return;
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i)
      store_columns<Sum>(result[i] + (first + j) * lanes, sum[i][j], count, p.add);
  }
}

// All vectors of the panel, as many at a time as the registers can hold.
template <class Sum, class Packed, int rows>
void product_rows(const Product<Sum, Packed>& p, const Packed* const* left, Sum* const* result) {
  int first = 0;
  for (; p.vectors - first >= tile_vectors; first += tile_vectors)
    product_tile<Sum, Packed, rows, tile_vectors>(p, left, result, first);
  switch (p.vectors - first) {
    case 0: return;
    case 1: return product_tile<Sum, Packed, rows, 1>(p, left, result, first);
    case 2:
      if constexpr (tile_vectors > 2) return product_tile<Sum, Packed, rows, 2>(p, left, result, first);
      else return;
    default:
      if constexpr (tile_vectors > 3) return product_tile<Sum, Packed, rows, 3>(p, left, result, first);
  }
}

// `count` rows, at most tile_rows.
template <class Sum, class Packed>
void product_block(const Product<Sum, Packed>& p, Index count, const Packed* const* left,
                   Sum* const* result) {
  switch (count) {
    case 1: return product_rows<Sum, Packed, 1>(p, left, result);
    case 2: return product_rows<Sum, Packed, 2>(p, left, result);
    case 3: return product_rows<Sum, Packed, 3>(p, left, result);
    case 4: return product_rows<Sum, Packed, 4>(p, left, result);
    case 5: return product_rows<Sum, Packed, 5>(p, left, result);
    default: product_rows<Sum, Packed, 6>(p, left, result);
  }
}

// Blocks of rows of nearly equal size, because tiles of few rows are slow.
template <class Sum, class Packed = Sum>
void product(const Product<Sum, Packed>& p) {
  const Index blocks = (p.rows + tile_rows - 1) / tile_rows;
  Index row = 0;
  for (Index block = 0; block < blocks; ++block) {
    const Index count = p.rows / blocks + (block < p.rows % blocks ? 1 : 0);
    const Packed* left[tile_rows];
    Sum* result[tile_rows];
    for (Index i = 0; i < count; ++i) {
      left[i] = p.left + (p.left_rows ? p.left_rows[row + i] : row + i) * p.left_row;
      result[i] = p.result + (p.result_rows ? p.result_rows[row + i] : row + i) * p.result_row;
    }
    // Prefetch the results to add to, which may be anywhere in memory.
    for (Index i = 0; p.add && i < count; ++i)
      for (Index at = 0; at < p.columns; at += lanes_of<Sum>) __builtin_prefetch(result[i] + at, 1);
    product_block(p, count, left, result);
    row += count;
  }
}

// Transposes squares of vectors: interleaves rows that are half a square apart, log2(lanes) times.
template <class T>
void transpose(const T* from, Index from_row, Index rows, Index steps, T* to, Index to_step) {
  constexpr int lanes = lanes_of<T>;
  for (Index step = 0; step < steps; step += lanes) {
    const Index count = steps - step < lanes ? steps - step : lanes;
    Lanes<T> square[lanes], other[lanes];
    for (int i = 0; i < lanes; ++i)
      square[i] = i >= rows        ? Lanes<T>{}
                  : count == lanes ? load(from + i * from_row + step)
                                   : load_part(from + i * from_row + step, count);
    for (int half = lanes; half > 1; half /= 2) {
#pragma GCC unroll 8
      for (int i = 0; i < lanes / 2; ++i) {
        other[2 * i] = zip_low(square[i], square[i + lanes / 2]);
        other[2 * i + 1] = zip_high(square[i], square[i + lanes / 2]);
      }
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) square[i] = other[i];
    }
    for (Index i = 0; i < count; ++i) store<T>(to + (step + i) * to_step, square[i]);
  }
}
