// SPDX-License-Identifier: MIT
// Stands for the file of this name that has AMX's instructions: what they do, in plain loops. Wrong use, which
// the processor would answer with a signal or not at all, ends the program.

constexpr int tile_side = 16;  // rows of a tile, and elements of 4 bytes of a row

struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// The tiles of a thread.
struct TileRegisters {
  bool configured = false;
  TileShapes shapes;
  std::uint8_t bytes[8][tile_side][64];
};
inline thread_local TileRegisters tile_registers;

inline void require_of_tiles(bool right) {
  if (!right) __builtin_trap();
}

inline void configure_tiles(const TileShapes& shapes) {
  require_of_tiles(shapes.palette == 1 && shapes.start_row == 0);
  for (int tile = 0; tile < 16; ++tile)
    require_of_tiles(shapes.rows[tile] <= (tile < 8 ? tile_side : 0) &&
                     shapes.row_bytes[tile] <= (tile < 8 ? 64 : 0) &&
                     (shapes.rows[tile] == 0) == (shapes.row_bytes[tile] == 0));
  tile_registers.configured = true;
  tile_registers.shapes = shapes;
  __builtin_memset(tile_registers.bytes, 0, sizeof tile_registers.bytes);
}
inline void release_tiles() { tile_registers.configured = false; }

template <int tile>
void load_tile(const void* from, Index stride) {
  TileRegisters& all = tile_registers;
  require_of_tiles(all.configured && all.shapes.rows[tile] > 0);
  __builtin_memset(all.bytes[tile], 0, sizeof all.bytes[tile]);
  for (int row = 0; row < all.shapes.rows[tile]; ++row)
    __builtin_memcpy(all.bytes[tile][row], static_cast<const char*>(from) + row * stride,
                     all.shapes.row_bytes[tile]);
}
template <int tile>
void store_tile(void* to, Index stride) {
  const TileRegisters& all = tile_registers;
  require_of_tiles(all.configured && all.shapes.rows[tile] > 0);
  for (int row = 0; row < all.shapes.rows[tile]; ++row)
    __builtin_memcpy(static_cast<char*>(to) + row * stride, all.bytes[tile][row], all.shapes.row_bytes[tile]);
}
template <int tile>
void clear_tile() {
  require_of_tiles(tile_registers.configured && tile_registers.shapes.rows[tile] > 0);
  __builtin_memset(tile_registers.bytes[tile], 0, sizeof tile_registers.bytes[tile]);
}
// sum += left right. Of each element of the sum the products of first and of second bfloat16 of the pairs are
// summed apart, in order, and then added to it. Subnormal numbers count as zeros.
template <int sum, int left, int right>
void multiply_tiles() {
  TileRegisters& all = tile_registers;
  const TileShapes& shapes = all.shapes;
  require_of_tiles(all.configured && shapes.rows[sum] > 0 && shapes.rows[sum] == shapes.rows[left] &&
                   shapes.row_bytes[sum] == shapes.row_bytes[right] &&
                   shapes.row_bytes[left] == 4 * shapes.rows[right]);
  const auto half = [&](const std::uint8_t* row, int i) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, row + 2 * i, sizeof bits);
    return ::lstmlib_model::from_bf16(bits);
  };
  for (int i = 0; i < shapes.rows[sum]; ++i)
    for (int j = 0; j < shapes.row_bytes[sum] / 4; ++j) {
      float sums[2] = {0, 0}, before;
      for (int k = 0; k < shapes.rows[right]; ++k)
        for (int side = 0; side < 2; ++side)
          sums[side] = ::lstmlib_model::add_product(sums[side], half(all.bytes[left][i], 2 * k + side),
                                                    half(all.bytes[right][k], 2 * j + side));
      __builtin_memcpy(&before, all.bytes[sum][i] + 4 * j, sizeof before);
      const float both = ::lstmlib_model::without_subnormal(sums[0] + sums[1]);
      const float after =
          ::lstmlib_model::without_subnormal(::lstmlib_model::without_subnormal(before) + both);
      __builtin_memcpy(all.bytes[sum][i] + 4 * j, &after, sizeof after);
    }
}
