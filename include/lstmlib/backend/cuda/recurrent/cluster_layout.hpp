// SPDX-License-Identifier: MIT
#pragma once
// Geometry of the persistent LSTM: which block, warp and lane holds which weights, and the layout of shared
// memory. These are compile-time constants for kernels and host.
//
// A cluster of blocks handles eight sequences and all units. A *tile* is four units: their four gates are the
// 16 rows of a matrix product whose 8 columns are the sequences. A *product step* covers 16 units of the
// inner dimension.

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Format of the operands of recurrent products: 16-bit numbers or, with x3, sums high + low of two of them,
/// multiplied in three passes (low * low is left out). These have 22 bits for fp16 and 16 bits for bf16.
enum class Operands : std::uint8_t { fp16x3, bf16x3, fp16, bf16 };

LSTMLIB_HOST_DEVICE constexpr bool is_split(Operands o) {
  return o == Operands::fp16x3 || o == Operands::bf16x3;
}
LSTMLIB_HOST_DEVICE constexpr bool is_half(Operands o) {
  return o == Operands::fp16x3 || o == Operands::fp16;
}
constexpr const char* name_of(Operands o) {
  constexpr const char* names[] = {"fp16x3", "bf16x3", "fp16", "bf16"};
  return names[static_cast<int>(o)];
}

inline constexpr int warp_lanes = 32;
inline constexpr int cluster_sequences = 8;
inline constexpr int tile_units = 4;
inline constexpr int product_units = 16;
inline constexpr int product_tiles = product_units / tile_units;
/// Bytes of a 16 x 16 fragment of weights in 16-bit numbers: four words per lane.
inline constexpr int fragment_bytes = warp_lanes * 16;

LSTMLIB_HOST_DEVICE constexpr int pieces(int whole, int piece) { return (whole + piece - 1) / piece; }

/// A forward kernel. Its warps are groups of `warp_tiles` tiles times `step_groups` groups of product steps.
/// Partial sums of the groups are added in shared memory.
struct ForwardShape {
  int padded_size;  ///< hidden size that it computes, a multiple of 16; smaller layers are padded
  int blocks;       ///< of a cluster
  int warp_tiles;   ///< divides tiles()
  int step_groups;
  bool low_in_shared;  ///< low halves of the weights in shared memory, else in registers
  Operands operands;

  constexpr int tiles() const { return pieces(padded_size / tile_units, blocks); }  ///< of a block
  constexpr int product_steps() const { return padded_size / product_units; }
  constexpr int warps() const { return tiles() / warp_tiles * step_groups; }
  constexpr int threads() const { return warps() * warp_lanes; }
};

/// A backward kernel: a block multiplies the gradients of its own tiles' gates by its rows of the weights.
/// Its warps are groups of `warp_outputs` times 16 units of the result times `tile_groups` groups of tiles.
struct BackwardShape {
  int padded_size;
  int blocks;
  int warp_outputs;
  int tile_groups;  ///< divides tiles(); each sends its own part, so above 1 only for single blocks
  bool low_in_shared;
  Operands operands;

  constexpr int tiles() const { return pieces(padded_size / tile_units, blocks); }
  constexpr int outputs() const { return padded_size / product_units; }
  constexpr int warps() const { return pieces(outputs(), warp_outputs) * tile_groups; }
  constexpr int threads() const { return warps() * warp_lanes; }
};

/// A kernel for one sequence per cluster in plain float32: 16 lanes share the sums of a unit's four gates.
struct SmallShape {
  int padded_size, blocks;

  /// Units of a block; even, because a message has two units.
  constexpr int units() const { return (pieces(padded_size, blocks) + 1) / 2 * 2; }
  constexpr int threads() const { return units() * 16; }
};

/// Layout of shared memory in bytes, in order.
template <ForwardShape shape>
struct ForwardLayout {
  static constexpr Operands operands = shape.operands;
  static constexpr bool split = is_split(operands), clustered = shape.blocks > 1;
  static constexpr bool low_in_shared = split && shape.low_in_shared;
  static constexpr bool low_in_registers = split && !shape.low_in_shared;
  static constexpr int blocks = shape.blocks, tiles = shape.tiles(), product_steps = shape.product_steps();
  static constexpr int warp_tiles = shape.warp_tiles, step_groups = shape.step_groups;
  static constexpr int warp_steps = pieces(product_steps, step_groups);
  static constexpr int warps = shape.warps(), threads = shape.threads();
  /// Maximum number of tiles whose states a warp keeps.
  static constexpr int state_tiles = pieces(tiles, warps);
  static_assert(tiles % warp_tiles == 0 && warps >= cluster_sequences / 2);

  static constexpr int slot_bytes = split ? 16 : 8;  ///< four units of one sequence
  static constexpr int line_bytes = cluster_sequences * slot_bytes;
  static constexpr std::uint32_t hidden_bytes = product_steps * product_tiles * line_bytes;
  static constexpr std::uint32_t partial_bytes = step_groups * tiles * fragment_bytes;

  static constexpr std::uint32_t bias_bytes = tiles * tile_units * 16;

  static constexpr std::uint32_t barriers = 0;  ///< two, 8 bytes each
  static constexpr std::uint32_t scales = 64;   ///< of the initial hidden states, [8] floats
  static constexpr std::uint32_t bias = 128;    ///< of the block's units, [4 tiles, 4] floats
  static constexpr std::uint32_t hidden = (bias + bias_bytes + 127) / 128 * 128;  ///< two buffers
  static constexpr std::uint32_t partials = hidden + 2 * hidden_bytes;            ///< two buffers
  static constexpr std::uint32_t low_weights = partials + 2 * partial_bytes;
  static constexpr std::uint32_t bytes =
      low_weights + (low_in_shared ? warps * warp_tiles * warp_steps * fragment_bytes : 0);
};

template <BackwardShape shape>
struct BackwardLayout {
  static constexpr Operands operands = shape.operands;
  static constexpr bool split = is_split(operands), clustered = shape.blocks > 1;
  static constexpr bool scaled = is_half(operands);  ///< gradients may exceed the range of fp16
  static constexpr bool low_in_shared = split && shape.low_in_shared;
  static constexpr bool low_in_registers = split && !shape.low_in_shared;
  static constexpr int blocks = shape.blocks, tiles = shape.tiles(), outputs = shape.outputs();
  static constexpr int warp_outputs = shape.warp_outputs, tile_groups = shape.tile_groups;
  static constexpr int warp_tiles = tiles / tile_groups;  ///< that a warp multiplies
  static constexpr int warps = shape.warps(), threads = shape.threads();
  static constexpr int state_tiles = pieces(tiles, warps);
  static_assert(tiles % tile_groups == 0);
  /// Whether a step's values are loaded two steps ahead, because a step may be shorter than a load. Otherwise
  /// one step ahead, if there are not enough registers.
  static constexpr bool two_steps_ahead = !(split && scaled && shape.padded_size > 384);

  static constexpr int line_bytes = cluster_sequences * tile_units * 4;  ///< fp32 partial sums of a tile
  static constexpr std::uint32_t gradient_bytes = tiles * warp_lanes * 16;
  static constexpr std::uint32_t received_bytes = blocks * tile_groups * tiles * line_bytes;
  static constexpr std::uint32_t largest_bytes = scaled ? (tiles + 1) * cluster_sequences * 4 : 0;

  static constexpr std::uint32_t barriers = 0;                               ///< two, 8 bytes each
  static constexpr std::uint32_t gradients = 128;                            ///< two buffers
  static constexpr std::uint32_t received = gradients + 2 * gradient_bytes;  ///< two buffers
  static constexpr std::uint32_t inverses = received + 2 * received_bytes;   ///< inverse scales, [8] floats
  /// Largest gradients, [tiles, 8] floats.
  static constexpr std::uint32_t largest = inverses + 32;
  static constexpr std::uint32_t low_weights = (inverses + largest_bytes + 127) / 128 * 128;
  static constexpr std::uint32_t bytes =
      low_weights + (low_in_shared ? warps * warp_outputs * warp_tiles * fragment_bytes : 0);
};

template <SmallShape shape>
struct SmallLayout {
  static constexpr bool clustered = shape.blocks > 1;
  static constexpr int blocks = shape.blocks, units = shape.units(), threads = shape.threads();
  static constexpr int unit_lanes = 16;
  static constexpr int quads = pieces(shape.padded_size, 4 * unit_lanes);  ///< groups of four inputs per lane
  static constexpr int width = quads * 4 * unit_lanes;                     ///< floats of a hidden buffer

  static constexpr std::uint32_t barriers = 0;  ///< two, 8 bytes each
  static constexpr std::uint32_t hidden = 128;  ///< two buffers
  static constexpr std::uint32_t bytes = hidden + 2 * width * 4;
};

}  // namespace lstmlib::cuda
