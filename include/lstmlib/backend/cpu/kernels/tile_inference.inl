// SPDX-License-Identifier: MIT
// Steps of packed layers with bfloat16 weights; products in AMX tiles. A single sequence uses tiles too: the
// time to load weights from the L2 cache dominates, so AVX512_BF16 would not be faster. So a sequence gets
// the same bits alone and in a batch.

// Product of states `row` to `row` + first_rows + second_rows - 1 and the weights of a block.
inline void multiply_states(const InferenceStep<Bf16Pair>& p, Index row, int first_rows, int second_rows,
                            Index block, int vectors, Tiles& tiles, float (*sums)[4 * tile_side]) {
  Product<float, Bf16Pair> product{};
  product.left = p.before + row * p.operand_row;
  product.left_row = p.operand_row;
  product.left_step = 1;
  product.right = p.weights + block * p.depth * vectors * tile_side;
  product.right_step = vectors * tile_side;
  product.depth = p.depth;
  product.parts = 1;
  product.result = sums[0];
  product.result_row = 4 * tile_side;
  product.rows = first_rows + second_rows;
  product.vectors = vectors;
  product.columns = vectors * tile_side;
  multiply_rows(product, 0, first_rows, second_rows, tiles);
}

// With few rows, several blocks at a time: first all products, then all cells, which then need not wait for
// the tiles.
template <class Cell>
void inference_step_in_tiles(const InferenceStep<Bf16Pair>& p) {
  constexpr Index max_rows = 2 * tile_side;
  const int vectors = Cell::has_state ? 4 : p.vectors, hidden_vectors = vectors - Cell::initial_hidden;
  const Index together = p.rows < max_rows ? max_rows / p.rows : 1;
  const RowTiles all(p.rows);
  Tiles tiles;
  alignas(64) float sums[max_rows][4 * tile_side];
  for (Index first = p.first_block; first < p.last_block; first += together) {
    const Index last = first + together < p.last_block ? first + together : p.last_block;
    Index row = 0;
    for (Index tile = 0; tile < all.tiles; tile += 2) {
      const int first_rows = all.rows_of(tile), second_rows = all.rows_of(tile + 1);
      const Index count = first_rows + second_rows;
      for (Index block = first; block < last; ++block) {
        for (Index i = 0; i < count; ++i)  // read after the product, from anywhere in memory
          for (int j = 0; j < vectors; ++j)
            __builtin_prefetch(p.projections[row + i] + (block * vectors + j) * tile_side);
        if (p.before)
          multiply_states(p, row, first_rows, second_rows, block, hidden_vectors, tiles,
                          sums + (block - first) * count);
      }
      for (Index block = first; block < last; ++block)
        finish_rows<Bf16Pair, Cell>(p, row, count, block,
                                    p.before ? sums + (block - first) * count : nullptr);
      row += count;
    }
  }
}
