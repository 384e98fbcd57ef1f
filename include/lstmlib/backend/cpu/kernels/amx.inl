// SPDX-License-Identifier: MIT
// What is particular to AMX: eight registers that are tiles of up to 16 rows of 64 bytes, and an instruction
// that multiplies two tiles of bfloat16.
//
// Written as assembly because the intrinsics of g++ 12 do not tell the compiler what memory they read.

constexpr int tile_side = 16;  // rows of a tile, and elements of 4 bytes of a row

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
// sum += left right. Of each element of the sum the products of first and of second bfloat16 of the pairs are
// summed apart, in order, and then added to it. Subnormal numbers count as zeros.
template <int sum, int left, int right>
[[gnu::always_inline]] inline void multiply_tiles() {
  __asm__ volatile("{tdpbf16ps\t%%tmm%c2, %%tmm%c1, %%tmm%c0|tdpbf16ps\ttmm%c0, tmm%c1, tmm%c2}" ::"i"(sum),
                   "i"(left), "i"(right));
}

// The tiles of a product: sums 0 and 1 belong to left 4, sums 2 and 3 to left 5; 6 and 7 are of the right
// matrix.
class Tiles {
 public:
  Tiles() = default;
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  // Tiles in use are 8 KB more for the system to save whenever it switches threads, and may hold back the
  // sleep of a core, so no kernel leaves them behind. To configure and to release them takes a tenth of a
  // microsecond, all in all 2 % of a step of training.
  ~Tiles() { __asm__ volatile("tilerelease" ::: "memory"); }

  // For `first` and `second` rows (0: none) of the left matrix, `units` pairs each. Clears the tiles if that
  // is new.
  void configure(int first, int second, int units) {
    if (first == first_ && (second == second_ || second == 0) && units == units_) return;
    first_ = first, second_ = second, units_ = units;
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } shape;
    for (int tile = 0; tile < 8; ++tile) {
      const int rows = tile > 5 ? units : tile == 0 || tile == 1 || tile == 4 ? first : second;
      if (rows == 0) continue;
      shape.rows[tile] = static_cast<std::uint8_t>(rows);
      shape.row_bytes[tile] = static_cast<std::uint16_t>(tile == 4 || tile == 5 ? 4 * units : 64);
    }
    __asm__ volatile("ldtilecfg\t%0" ::"m"(shape));
  }

 private:
  int first_ = 0, second_ = 0, units_ = 0;
};
