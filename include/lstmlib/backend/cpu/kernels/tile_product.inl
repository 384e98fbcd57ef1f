// SPDX-License-Identifier: MIT
// bfloat16 products in tiles: 2 tiles of rows by 2 of columns at a time, so that each loaded tile is used
// twice. What a tile cannot load or store in place goes through local memory, which changes no bit.
//
// Error bound. Let a sum have n pairs in t tiles. Each element is rounded to the nearest float32, ties to
// even, at most ceil(n / t) + t + 1 times in sequence. So the error is at most about that number times 2^-24
// times the sum of all magnitudes, which is less than for one chain of 2 n roundings. Subnormal bfloat16
// count as zeros, and subnormal intermediate results become zeros. This adds up to 2^-126 per operation and,
// for each subnormal factor, up to 2^-126 times the other factor.

// Tiles of a product: sums 0 and 1 belong to left tile 4, sums 2 and 3 to left tile 5. Tiles 6 and 7 hold the
// right matrix.
class Tiles {
 public:
  Tiles() = default;
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  // Tiles in use add 8 KB to every context switch and may keep a core from sleeping, so every kernel releases
  // them. Configuring and releasing takes 0.1 microseconds, in total 2 % of a training step.
  ~Tiles() { release_tiles(); }

  // For `first` and `second` rows (0: none) of the left matrix with `pairs` pairs each. Clears the tiles if
  // the shape changes.
  void configure(int first, int second, int pairs) {
    if (first == first_ && (second == second_ || second == 0) && pairs == pairs_) return;
    first_ = first, second_ = second, pairs_ = pairs;
    TileShapes shapes;
    for (int tile = 0; tile < 8; ++tile) {
      const int rows = tile > 5 ? pairs : tile == 0 || tile == 1 || tile == 4 ? first : second;
      if (rows == 0) continue;
      shapes.rows[tile] = static_cast<std::uint8_t>(rows);
      shapes.row_bytes[tile] = static_cast<std::uint16_t>(tile == 4 || tile == 5 ? 4 * pairs : 64);
    }
    configure_tiles(shapes);
  }

 private:
  int first_ = 0, second_ = 0, pairs_ = 0;
};

// The rows of the left matrix and of the result that form one tile.
struct RowTile {
  Index first;
  int rows;
  bool left_in_place, result_in_place;  // contiguous in memory
};

[[gnu::always_inline]] inline Index row_number(const Index* rows, Index i) { return rows ? rows[i] : i; }

inline bool one_after_another(const Index* rows, Index first, int count) {
  for (int i = 1; rows && i < count; ++i)
    if (rows[first + i] != rows[first] + i) return false;
  return true;
}

inline RowTile row_tile(const Product<float, Bf16Pair>& p, Index first, int rows) {
  return {first, rows, p.left_step == 1 && one_after_another(p.left_rows, first, rows),
          !(p.add && p.bias) && one_after_another(p.result_rows, first, rows)};
}

// Pairs of the inner dimension per tile. Chosen so that the last tile of a part is full, if possible.
inline int pairs_per_tile(Index depth) {
  const Index tiles = (depth + tile_side - 1) / tile_side;
  return depth > 0 && depth % tiles == 0 ? static_cast<int>(depth / tiles) : tile_side;
}

// One tile of the inner dimension: `count` of the `pairs` of a tile are used.
struct InnerTile {
  Index part, step;
  int count, pairs;
};

[[gnu::always_inline]] inline __m512i load_pairs(const Bf16Pair* from, int count) {
  return _mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << count) - 1), from);
}

inline void copy_left(const Product<float, Bf16Pair>& p, const RowTile& tile, InnerTile inner,
                      Bf16Pair (*to)[tile_side]) {
  for (int i = 0; i < tile.rows; ++i) {
    const Bf16Pair* from = p.left + row_number(p.left_rows, tile.first + i) * p.left_row +
                           inner.part * p.left_part + inner.step * p.left_step;
    if (p.left_step == 1) {
      _mm512_storeu_si512(to[i], load_pairs(from, inner.count));
    } else {
      for (int pair = 0; pair < tile_side; ++pair)
        to[i][pair] = pair < inner.count ? from[pair * p.left_step] : Bf16Pair{0};
    }
  }
}

template <int number>
[[gnu::always_inline]] inline void load_left(const Product<float, Bf16Pair>& p, const RowTile& tile,
                                             InnerTile inner) {
  if (tile.left_in_place && inner.count == inner.pairs) {
    load_tile<number>(
        p.left + row_number(p.left_rows, tile.first) * p.left_row + inner.part * p.left_part + inner.step,
        p.left_row * Index{sizeof(Bf16Pair)});
    return;
  }
  alignas(64) Bf16Pair copy[tile_side][tile_side];
  copy_left(p, tile, inner, copy);
  load_tile<number>(copy, sizeof copy[0]);
}

template <int number>
[[gnu::always_inline]] inline void load_right(const Product<float, Bf16Pair>& p, int vector,
                                              InnerTile inner) {
  const Bf16Pair* from = p.right + (inner.part * p.depth + inner.step) * p.right_step + vector * tile_side;
  if (inner.count == inner.pairs) return load_tile<number>(from, p.right_step * Index{sizeof(Bf16Pair)});
  alignas(64) Bf16Pair copy[tile_side][tile_side];
  for (int pair = 0; pair < tile_side; ++pair)
    _mm512_storeu_si512(copy[pair],
                        pair < inner.count ? load_pairs(from + pair * p.right_step, tile_side) : __m512i{});
  load_tile<number>(copy, sizeof copy[0]);
}

// Number of columns of a vector to write.
[[gnu::always_inline]] inline Index columns_of_vector(const Product<float, Bf16Pair>& p, int vector) {
  const Index rest = p.columns - vector * tile_side;
  return rest < 0 ? 0 : rest < tile_side ? rest : tile_side;
}
[[gnu::always_inline]] inline float* result_of(const Product<float, Bf16Pair>& p, Index row, int vector) {
  return p.result + row_number(p.result_rows, row) * p.result_row + vector * tile_side;
}

inline void copy_begin(const Product<float, Bf16Pair>& p, const RowTile& tile, int vector, Index columns,
                       float (*to)[tile_side]) {
  const Lanes<float> bias = p.bias ? load(p.bias + vector * tile_side) : Lanes<float>{};
  for (int i = 0; i < tile.rows; ++i)
    store<float>(to[i],
                 p.add ? load_part<float>(result_of(p, tile.first + i, vector), columns) + bias : bias);
}

// Loads the initial values of the sums.
template <int number>
[[gnu::always_inline]] inline void begin_sums(const Product<float, Bf16Pair>& p, const RowTile& tile,
                                              int vector) {
  const Index columns = columns_of_vector(p, vector);
  if (!p.add && !p.bias) return clear_tile<number>();
  if (!p.add) return load_tile<number>(p.bias + vector * tile_side, 0);
  if (tile.result_in_place && columns == tile_side)
    return load_tile<number>(result_of(p, tile.first, vector), p.result_row * Index{sizeof(float)});
  alignas(64) float copy[tile_side][tile_side];
  copy_begin(p, tile, vector, columns, copy);
  load_tile<number>(copy, sizeof copy[0]);
}

template <int number>
[[gnu::always_inline]] inline void end_sums(const Product<float, Bf16Pair>& p, const RowTile& tile,
                                            int vector) {
  const Index columns = columns_of_vector(p, vector);
  if (tile.result_in_place && columns == tile_side)
    return store_tile<number>(result_of(p, tile.first, vector), p.result_row * Index{sizeof(float)});
  alignas(64) float copy[tile_side][tile_side];
  store_tile<number>(copy, sizeof copy[0]);
  for (int i = 0; i < tile.rows; ++i)
    store_part<float>(result_of(p, tile.first + i, vector), load<float>(copy[i]), columns);
}

// One or two tiles of rows (`tall`) by one or two vectors of columns (`wide`).
template <bool tall, bool wide>
void multiply_block(const Product<float, Bf16Pair>& p, const RowTile* tile, int vector, int pairs) {
  begin_sums<0>(p, tile[0], vector);
  if constexpr (wide) begin_sums<1>(p, tile[0], vector + 1);
  if constexpr (tall) begin_sums<2>(p, tile[1], vector);
  if constexpr (tall && wide) begin_sums<3>(p, tile[1], vector + 1);
  for (Index part = 0; part < p.parts; ++part)
    for (Index step = 0; step < p.depth; step += pairs) {
      const Index rest = p.depth - step;
      const InnerTile inner{part, step, rest < pairs ? static_cast<int>(rest) : pairs, pairs};
      load_left<4>(p, tile[0], inner);
      load_right<6>(p, vector, inner);
      multiply_tiles<0, 4, 6>();
      if constexpr (wide) {
        load_right<7>(p, vector + 1, inner);
        multiply_tiles<1, 4, 7>();
      }
      if constexpr (tall) {
        load_left<5>(p, tile[1], inner);
        multiply_tiles<2, 5, 6>();
      }
      if constexpr (tall && wide) multiply_tiles<3, 5, 7>();
    }
  end_sums<0>(p, tile[0], vector);
  if constexpr (wide) end_sums<1>(p, tile[0], vector + 1);
  if constexpr (tall) end_sums<2>(p, tile[1], vector);
  if constexpr (tall && wide) end_sums<3>(p, tile[1], vector + 1);
}

// Up to 32 rows.
inline void multiply_rows(const Product<float, Bf16Pair>& p, Index first, int first_rows, int second_rows,
                          Tiles& tiles) {
  const int pairs = pairs_per_tile(p.depth);
  tiles.configure(first_rows, second_rows, pairs);
  const RowTile tile[2] = {row_tile(p, first, first_rows), row_tile(p, first + first_rows, second_rows)};
  for (int vector = 0; vector < p.vectors; vector += 2) {
    const bool wide = vector + 1 < p.vectors;
    if (second_rows > 0 && wide) multiply_block<true, true>(p, tile, vector, pairs);
    else if (second_rows > 0) multiply_block<true, false>(p, tile, vector, pairs);
    else if (wide) multiply_block<false, true>(p, tile, vector, pairs);
    else multiply_block<false, false>(p, tile, vector, pairs);
  }
}

// Divides rows into as few tiles as possible, of nearly equal size.
struct RowTiles {
  Index rows, tiles;

  explicit RowTiles(Index count) : rows(count), tiles((count + tile_side - 1) / tile_side) {}
  int rows_of(Index tile) const {
    return tile < tiles ? static_cast<int>(rows / tiles + (tile < rows % tiles ? 1 : 0)) : 0;
  }
};

inline void product_in_tiles(const Product<float, Bf16Pair>& p) {
  Tiles tiles;
  const RowTiles all(p.rows);
  Index row = 0;
  for (Index tile = 0; tile < all.tiles; tile += 2) {
    const int first = all.rows_of(tile), second = all.rows_of(tile + 1);
    multiply_rows(p, row, first, second, tiles);
    row += first + second;
  }
}
