// SPDX-License-Identifier: MIT
#pragma once
// Nested loops over the elements of a result and of operands that are broadcast, sliced or permuted.

#include "lstmlib/base/shape.hpp"

#include <array>

namespace lstmlib::inline LSTMLIB_ABI {

/// Loops over the axes of a result, the innermost last. Step k of operand o is the distance, in elements,
/// between neighbours along axis k; it is 0 if the operand is broadcast along the axis. Adjacent axes that can
/// be walked as one are merged, and axes of size 1 are left out.
///
///     Loops loops = broadcast_loops({4, 3}, {{4, 3}, {3}});  // sizes 4, 3; steps 3, 1 and 0, 1
class Loops {
 public:
  static constexpr int max_operands = 3;
  using Steps = std::array<Index, max_operands>;

  /// Adds an axis inside the others.
  void add(Index size, const Steps& steps) {
    if (size == 1) return;
    if (rank_ > 0) {
      const auto outer = static_cast<std::size_t>(rank_ - 1);
      bool one = true;
      for (std::size_t o = 0; o < steps.size(); ++o) one = one && steps_[outer][o] == steps[o] * size;
      if (one) {
        sizes_[outer] *= size;
        steps_[outer] = steps;
        return;
      }
    }
    sizes_[static_cast<std::size_t>(rank_)] = size;
    steps_[static_cast<std::size_t>(rank_++)] = steps;
  }

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] Index size(int axis) const noexcept { return sizes_[static_cast<std::size_t>(axis)]; }
  [[nodiscard]] const Steps& steps(int axis) const noexcept { return steps_[static_cast<std::size_t>(axis)]; }
  /// Size and steps of the innermost axis; 1 and 0 if there is none.
  [[nodiscard]] Index inner() const noexcept { return rank_ == 0 ? 1 : size(rank_ - 1); }
  [[nodiscard]] Steps inner_steps() const noexcept { return rank_ == 0 ? Steps{} : steps(rank_ - 1); }
  /// Number of times that the innermost loop runs.
  [[nodiscard]] Index runs() const noexcept {
    Index product = 1;
    for (int axis = 0; axis + 1 < rank_; ++axis) product *= size(axis);
    return product;
  }
  [[nodiscard]] Index elements() const noexcept { return runs() * inner(); }

 private:
  std::array<Index, Shape::max_rank> sizes_{};
  std::array<Steps, Shape::max_rank> steps_{};
  int rank_ = 0;
};

/// Distance between neighbours along each axis of a row-major array.
[[nodiscard]] inline std::array<Index, Shape::max_rank> row_major_steps(const Shape& shape) {
  std::array<Index, Shape::max_rank> steps{};
  Index step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    steps[static_cast<std::size_t>(axis)] = step;
    step *= shape[axis];
  }
  return steps;
}

/// The loops of operands that are broadcast to `result`. Their shapes must fit.
[[nodiscard]] inline Loops broadcast_loops(const Shape& result, std::initializer_list<Shape> operands) {
  std::array<std::array<Index, Shape::max_rank>, Loops::max_operands> steps{};
  std::size_t which = 0;
  for (const Shape& operand : operands) {
    const auto own = row_major_steps(operand);
    const int first = result.rank() - operand.rank();
    for (int axis = 0; axis < operand.rank(); ++axis)
      if (operand[axis] != 1)
        steps[which][static_cast<std::size_t>(first + axis)] = own[static_cast<std::size_t>(axis)];
    ++which;
  }
  Loops loops;
  for (int axis = 0; axis < result.rank(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    loops.add(result[axis], {steps[0][at], steps[1][at], steps[2][at]});
  }
  return loops;
}

}  // namespace lstmlib::inline LSTMLIB_ABI
