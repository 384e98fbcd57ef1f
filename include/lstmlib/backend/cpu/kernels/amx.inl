// SPDX-License-Identifier: MIT
// AMX: eight registers ("tiles") of up to 16 rows of 64 bytes, and an instruction that multiplies two tiles
// of bfloat16.
//
// Written as assembly, because the intrinsics of g++ 12 do not tell the compiler what memory they read.

constexpr int tile_side = 16;  // rows of a tile, and 4-byte elements of a row

template <int tile>
[[gnu::always_inline]] inline void load_tile(const void* from, Index stride) {
  __asm__ volatile("{tileloadd\t(%0,%1,1), %%tmm%c2|tileloadd\ttmm%c2, [%0+%1*1]}" ::"r"(from), "r"(stride),
                   "i"(tile)
                   : "memory");
}
template <int tile>
[[gnu::always_inline]] inline void store_tile(void* to, Index stride) {
  __asm__ volatile("{tilestored\t%%tmm%c2, (%0,%1,1)|tilestored\t[%0+%1*1], tmm%c2}" ::"r"(to), "r"(stride),
                   "i"(tile)
                   : "memory");
}
template <int tile>
[[gnu::always_inline]] inline void clear_tile() {
  __asm__ volatile("{tilezero\t%%tmm%c0|tilezero\ttmm%c0}" ::"i"(tile));
}
// sum += left right. For each element, the products of the first and of the second bfloat16 of the pairs are
// summed separately, in order, and then added. Subnormal numbers count as zeros.
template <int sum, int left, int right>
[[gnu::always_inline]] inline void multiply_tiles() {
  __asm__ volatile("{tdpbf16ps\t%%tmm%c2, %%tmm%c1, %%tmm%c0|tdpbf16ps\ttmm%c0, tmm%c1, tmm%c2}" ::"i"(sum),
                   "i"(left), "i"(right));
}

// Shape of all tiles, in the processor's format.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
// Sets the shapes and clears all tiles.
[[gnu::always_inline]] inline void configure_tiles(const TileShapes& shapes) {
  __asm__ volatile("ldtilecfg\t%0" ::"m"(shapes));
}
[[gnu::always_inline]] inline void release_tiles() { __asm__ volatile("tilerelease" ::: "memory"); }
