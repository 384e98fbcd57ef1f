// SPDX-License-Identifier: MIT
#pragma once
// The fixed list of persistent kernels with their shapes. A layer uses those of the next larger padded size,
// with zeros for the missing units.

#include "lstmlib/base/precision.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_layout.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

inline constexpr std::array padded_sizes = {64, 128, 192, 256, 304, 384, 512};

/// Operand formats by precision. fp32: forward as accurate as float32, backward 16 bits with float32's
/// exponents. fp32_strict: both as accurate as float32. fp16: operands of 11 bits.
struct PrecisionOperands {
  Operands forward, backward;
};
constexpr PrecisionOperands operands_of(Precision precision) {
  switch (precision) {
    case Precision::fp32_strict: return {Operands::fp16x3, Operands::fp16x3};
    case Precision::fp16: return {Operands::fp16, Operands::fp16};
    case Precision::bf16: return {Operands::bf16, Operands::bf16};
    default: return {Operands::fp16x3, Operands::bf16x3};
  }
}

namespace detail {

// Padded size, blocks, warp_tiles, step_groups, low_in_shared. Chosen so that weights fit without spilling
// and all sub-cores have similar work.
inline constexpr std::array<ForwardShape, 8> forward_geometries = {{
    {64, 1, 1, 1, false, {}},
    {128, 4, 2, 2, false, {}},
    {192, 8, 3, 4, false, {}},
    {256, 8, 2, 4, false, {}},
    {304, 16, 1, 4, false, {}},
    {304, 8, 2, 2, true, {}},
    {384, 16, 2, 4, false, {}},
    {512, 16, 2, 4, true, {}},
}};
// Padded size, blocks, warp_outputs, tile_groups, low_in_shared.
inline constexpr std::array<BackwardShape, 8> backward_geometries = {{
    {64, 1, 1, 4, false, {}},
    {128, 4, 1, 1, false, {}},
    {192, 8, 1, 1, false, {}},
    {256, 8, 2, 1, false, {}},
    {304, 16, 1, 1, false, {}},
    {304, 8, 1, 1, true, {}},
    {384, 16, 2, 1, false, {}},
    {512, 16, 2, 1, true, {}},
}};

template <class Shape, std::size_t geometries, std::size_t formats>
constexpr auto with_operands(const std::array<Shape, geometries>& shapes,
                             const std::array<Operands, formats>& operands) {
  std::array<Shape, geometries * formats> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = shapes[i % geometries];
    all[i].operands = operands[i / geometries];
  }
  return all;
}

}  // namespace detail

inline constexpr auto forward_shapes = detail::with_operands(
    detail::forward_geometries, std::array{Operands::fp16x3, Operands::fp16, Operands::bf16});
inline constexpr auto backward_shapes =
    detail::with_operands(detail::backward_geometries,
                          std::array{Operands::bf16x3, Operands::fp16x3, Operands::fp16, Operands::bf16});
/// One sequence per cluster, in float32. A size of 512 would need too many registers.
inline constexpr std::array<SmallShape, 6> small_shapes = {
    {{64, 1}, {128, 8}, {192, 8}, {256, 16}, {304, 16}, {384, 16}}};

/// A kernel of the list.
struct ClusterKernel {
  enum class Pass : std::uint8_t { forward, small_forward, backward };
  Pass pass;
  int index;  ///< in forward_shapes, small_shapes or backward_shapes

  friend bool operator==(const ClusterKernel&, const ClusterKernel&) = default;
};

/// What the host needs to launch a kernel.
struct ClusterGeometry {
  int padded_size, blocks, threads, shared_bytes;
  int sequences;  ///< per cluster
};

namespace detail {

template <class Kernels, std::size_t... i>
constexpr auto geometries_of(std::index_sequence<i...>) {
  return std::array{Kernels::template geometry<i>()...};
}

struct ForwardKernels {
  template <std::size_t i>
  static constexpr ClusterGeometry geometry() {
    using L = ForwardLayout<forward_shapes[i]>;
    return {forward_shapes[i].padded_size, L::blocks, L::threads, static_cast<int>(L::bytes),
            cluster_sequences};
  }
};
struct SmallKernels {
  template <std::size_t i>
  static constexpr ClusterGeometry geometry() {
    using L = SmallLayout<small_shapes[i]>;
    return {small_shapes[i].padded_size, L::blocks, L::threads, static_cast<int>(L::bytes), 1};
  }
};
struct BackwardKernels {
  template <std::size_t i>
  static constexpr ClusterGeometry geometry() {
    using L = BackwardLayout<backward_shapes[i]>;
    return {backward_shapes[i].padded_size, L::blocks, L::threads, static_cast<int>(L::bytes),
            cluster_sequences};
  }
};
inline constexpr auto forward_table =
    geometries_of<ForwardKernels>(std::make_index_sequence<forward_shapes.size()>());
inline constexpr auto small_table =
    geometries_of<SmallKernels>(std::make_index_sequence<small_shapes.size()>());
inline constexpr auto backward_table =
    geometries_of<BackwardKernels>(std::make_index_sequence<backward_shapes.size()>());

}  // namespace detail

inline const ClusterGeometry& geometry_of(const ClusterKernel& kernel) {
  const auto i = static_cast<std::size_t>(kernel.index);
  switch (kernel.pass) {
    case ClusterKernel::Pass::forward: return detail::forward_table[i];
    case ClusterKernel::Pass::small_forward: return detail::small_table[i];
    case ClusterKernel::Pass::backward: break;
  }
  return detail::backward_table[i];
}

}  // namespace lstmlib::cuda
