// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions with broadcasting on the CPU. Every function is a template of its own, so that a
// program compiles those that it uses; entry.hpp instantiates all of them.

#include "lstmlib/backend/array.hpp"
#include "lstmlib/backend/cpu/kernel_sets.hpp"
#include "lstmlib/backend/cpu/threads.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI {
namespace cpu {

/// Positions of the operands in loops, moved from one run of the innermost loop to the next.
class LoopPlace {
 public:
  LoopPlace(const Loops& loops, Index run) : loops_(loops) {
    for (int axis = loops.rank() - 2; axis >= 0; --axis) {
      const Index i = run % loops.size(axis);
      run /= loops.size(axis);
      at_[static_cast<std::size_t>(axis)] = i;
      move(axis, i);
    }
  }
  const Loops::Steps& operands() const { return operands_; }
  void next() {
    for (int axis = loops_.rank() - 2; axis >= 0; --axis) {
      Index& i = at_[static_cast<std::size_t>(axis)];
      move(axis, 1);
      if (++i < loops_.size(axis)) return;
      move(axis, -i);
      i = 0;
    }
  }

 private:
  void move(int axis, Index by) {
    for (std::size_t o = 0; o < operands_.size(); ++o) operands_[o] += by * loops_.steps(axis)[o];
  }
  const Loops& loops_;
  std::array<Index, Shape::max_rank> at_{};
  Loops::Steps operands_{};
};

/// Calls `use(place in the result, places in the operands, count)` for all runs of the innermost loop, long ones
/// in pieces, in parallel. `cost`: that of an element, in additions.
template <class Use>
void each_run(const Loops& loops, Index cost, Use use) {
  const Index inner = loops.inner(), runs = loops.runs();
  if (inner == 0 || runs == 0) return;
  const Index most = std::max<Index>(1, min_parallel_elements / cost);
  const Index pieces = (inner + most - 1) / most;
  const Loops::Steps steps = loops.inner_steps();
  parallel_ranges(runs * pieces, std::min(inner, most) * cost, [&](Index first, Index last) {
    LoopPlace place(loops, first / pieces);
    for (Index i = first; i < last; ++i) {
      const Index start = i % pieces * most;
      auto operands = place.operands();
      for (std::size_t o = 0; o < operands.size(); ++o) operands[o] += start * steps[o];
      use(i / pieces * inner + start, operands, std::min(most, inner - start));
      if ((i + 1) % pieces == 0) place.next();
    }
  });
}

/// Cost of functions in additions, for dividing the work.
inline constexpr Index function_cost = 8;
constexpr Index cost_of(math::BinaryFunction f) {
  return f == math::BinaryFunction::power ? 64 : f == math::BinaryFunction::divide ? 4 : 1;
}

}  // namespace cpu

template <Real T, math::UnaryFunction f>
void CpuUnary<T, f>::forward(const math::ElementwiseOptions& options, View<const T> x, View<T> y) {
  const auto kernel = cpu::chosen(cpu::baseline::map_elements<T, f>, cpu::avx2::map_elements<T, f>,
                                  cpu::avx512::map_elements<T, f>);
  cpu::parallel_ranges(x.size(), cpu::function_cost, [&](Index first, Index last) {
    kernel(options, x.data + first, last - first, y.data + first);
  });
}
template <Real T, math::UnaryFunction f>
void CpuUnary<T, f>::backward(const math::ElementwiseOptions& options, View<const T> x, View<const T> y,
                              View<const T> d_y, View<T> d_x) {
  const auto kernel =
      cpu::chosen(cpu::baseline::map_elements_backward<T, f>, cpu::avx2::map_elements_backward<T, f>,
                  cpu::avx512::map_elements_backward<T, f>);
  cpu::parallel_ranges(d_x.size(), cpu::function_cost, [&](Index first, Index last) {
    kernel(options, x ? x.data + first : nullptr, y ? y.data + first : nullptr, d_y.data + first,
           last - first, d_x.data + first);
  });
}

template <Real T, math::BinaryFunction f>
void CpuBinary<T, f>::forward(const Loops& loops, const ArrayOperand<T>& a, const ArrayOperand<T>& b, T* y,
                              OutputMode how) {
  const auto kernel = cpu::chosen(cpu::baseline::join_elements<T, f>, cpu::avx2::join_elements<T, f>,
                                  cpu::avx512::join_elements<T, f>);
  const auto steps = loops.inner_steps();
  const bool accumulate = how == OutputMode::accumulate;
  cpu::each_run(loops, cpu::cost_of(f), [&](Index at, const Loops::Steps& from, Index count) {
    kernel(a.elements() + from[0], steps[0], b.elements() + from[1], steps[1], count, accumulate, y + at);
  });
}
template <Real T, math::BinaryFunction f>
template <int side>
void CpuBinary<T, f>::backward(const Loops& loops, const ArrayOperand<T>& a, const ArrayOperand<T>& b,
                               const T* y, const T* d_y, T* d, OutputMode how) {
  const auto kernel = cpu::chosen(cpu::baseline::join_elements_backward<T, f, side>,
                                  cpu::avx2::join_elements_backward<T, f, side>,
                                  cpu::avx512::join_elements_backward<T, f, side>);
  const auto steps = loops.inner_steps();
  const bool accumulate = how == OutputMode::accumulate;
  cpu::each_run(loops, cpu::cost_of(f), [&](Index at, const Loops::Steps& from, Index count) {
    kernel(a.elements() + from[0], steps[0], b.elements() + from[1], steps[1], y + at, d_y + at, count,
           accumulate, d + at);
  });
}

template <Real T>
void CpuSelect<T>::forward(const Loops& loops, const ArrayOperand<T>& mask, const ArrayOperand<T>& a,
                           const ArrayOperand<T>& b, T* y, OutputMode how) {
  const auto kernel = cpu::chosen(cpu::baseline::select_elements<T>, cpu::avx2::select_elements<T>,
                                  cpu::avx512::select_elements<T>);
  const auto steps = loops.inner_steps();
  const bool accumulate = how == OutputMode::accumulate;
  cpu::each_run(loops, 1, [&](Index at, const Loops::Steps& from, Index count) {
    kernel(mask.elements() + from[0], steps[0], a.elements() + from[1], steps[1], b.elements() + from[2],
           steps[2], count, accumulate, y + at);
  });
}

}  // namespace lstmlib
