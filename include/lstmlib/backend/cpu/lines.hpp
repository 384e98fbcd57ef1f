// SPDX-License-Identifier: MIT
#pragma once
// Copies with strides and the array kernels that work on lines along an axis, on the CPU. As in array.hpp, a
// program compiles those that it uses.

#include "lstmlib/backend/cpu/array.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"
#include "lstmlib/math/elementwise.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI {
namespace cpu {

/// Calls `use(place of the first element)` for each line along the axis, in parallel.
template <class Use>
void for_each_line(const AxisView& a, Index cost, Use use) {
  parallel_ranges(a.outer * a.inner, a.size * cost, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line)
      use(line, line / a.inner * a.size * a.inner + line % a.inner);
  });
}
/// The loops of x [outer, size, inner] beside operands [outer, inner].
inline Loops line_loops(const AxisView& a) {
  Loops loops;
  loops.add(a.outer, {a.inner, a.inner, 0});
  loops.add(a.size, {0, 0, 0});
  loops.add(a.inner, {1, 1, 0});
  return loops;
}
/// Whether `a` comes before `b` in the order of the largest, or smallest, elements. NaN comes first.
template <class T>
bool comes_before(bool smallest, T a, T b) {
  if (a != a || b != b) return a != a && b == b;
  return smallest ? a < b : a > b;
}

}  // namespace cpu

template <Real T>
void CpuCopy<T>::run(const Loops& loops, const T* from, T* to, OutputMode how) {
  const auto steps = loops.inner_steps();
  const bool accumulate = how == OutputMode::accumulate, rows = steps[0] == 1 && steps[1] == 1;
  cpu::each_run(loops, 1, [&](Index, const Loops::Steps& at, Index count) {
    const T* source = from + at[0];
    T* target = to + at[1];
    if (rows && accumulate) return cpu::kernel_table<T>().add(source, count, target);
    if (rows) {
      std::memcpy(target, source, static_cast<std::size_t>(count) * sizeof(T));
      return;
    }
    for (Index i = 0; i < count; ++i) {
      T& result = target[i * steps[1]];
      result = accumulate ? result + source[i * steps[0]] : source[i * steps[0]];
    }
  });
}

template <Real T>
void CpuGather<T>::forward(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> x, View<T> y) {
  const AxisView& a = plan.along;
  for (Index i = 0; i < ids.size(); ++i)
    if (ids.data[i] < 0 || ids.data[i] >= a.size)
      fail<IndexError>(plan.op, ": id ", ids.data[i], ", expected 0 to ", a.size - 1);
  cpu::parallel_ranges(a.outer * plan.count, a.inner, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      const Index outer = row / plan.count, j = row % plan.count;
      const T* from = x.data + outer * a.size * a.inner;
      for (Index inner = 0; inner < a.inner; ++inner)
        y.data[row * a.inner + inner] = from[ids.data[plan.id_at(outer, j, inner)] * a.inner + inner];
    }
  });
}
// A task owns whole blocks of d_x, so equal ids are added in the order of the ids.
template <Real T>
void CpuGather<T>::backward(const GatherPlan& plan, View<const std::int32_t> ids, View<const T> d_y,
                            View<T> d_x) {
  const AxisView& a = plan.along;
  const Index most = cpu::min_parallel_elements, pieces = (a.inner + most - 1) / most;
  cpu::parallel_ranges(a.outer * pieces, plan.count * std::min(most, a.inner), [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece) {
      const Index outer = piece / pieces, begin = piece % pieces * most,
                  end = std::min(begin + most, a.inner);
      T* to = d_x.data + outer * a.size * a.inner;
      for (Index j = 0; j < plan.count; ++j)
        for (Index inner = begin; inner < end; ++inner)
          to[ids.data[plan.id_at(outer, j, inner)] * a.inner + inner] +=
              d_y.data[(outer * plan.count + j) * a.inner + inner];
    }
  });
}

template <Real T, math::Reduction r>
void CpuReduce<T, r>::forward(AxisView a, T factor, View<const T> x, View<const T> c, View<T> y) {
  constexpr Index cost = r == math::Reduction::sum_exp ? cpu::function_cost : 1;
  if (a.outer * a.inner == 0) return;
  const Index most = cpu::min_parallel_elements / cost;
  if (a.inner > 1) {
    const auto kernel = cpu::chosen(cpu::baseline::reduce_columns<T, r>, cpu::avx2::reduce_columns<T, r>,
                                    cpu::avx512::reduce_columns<T, r>);
    constexpr Index columns = 256;  // of a task: a few cache lines of each row
    const Index pieces = (a.inner + columns - 1) / columns;
    cpu::parallel_ranges(
        a.outer * pieces, a.size * std::min(columns, a.inner) * cost, [&](Index first, Index last) {
          for (Index piece = first; piece < last; ++piece) {
            const Index outer = piece / pieces, at = piece % pieces * columns, place = outer * a.inner + at;
            kernel(x.data + outer * a.size * a.inner + at, a.inner, a.size, c ? c.data + place : nullptr,
                   std::min(columns, a.inner - at), factor, y.data + place);
          }
        });
    return;
  }
  // A line is reduced in pieces, which are joined in order: the threads change nothing.
  const auto kernel = cpu::chosen(cpu::baseline::reduce_line<T, r>, cpu::avx2::reduce_line<T, r>,
                                  cpu::avx512::reduce_line<T, r>);
  const Index pieces = std::max<Index>(1, (a.size + most - 1) / most);
  cpu::Scratch scratch;
  double* parts = scratch.take<double>({a.outer * pieces}).data;
  cpu::parallel_ranges(
      a.outer * pieces, std::min(std::max<Index>(a.size, 1), most) * cost, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i) {
          const Index line = i / pieces, at = i % pieces * most;
          parts[i] =
              kernel(x.data + line * a.size + at, std::min(most, a.size - at), c ? c.data[line] : T(0));
        }
      });
  for (Index line = 0; line < a.outer; ++line) {
    double joined = parts[line * pieces];
    for (Index i = 1; i < pieces; ++i) joined = math::Reduce<r>::join(joined, parts[line * pieces + i]);
    y.data[line] = factor * static_cast<T>(joined);
  }
}
template <Real T, math::Reduction r>
void CpuReduce<T, r>::backward(AxisView a, T factor, View<const T> x, View<const T> c, View<const T> d_y,
                               View<T> d_x) {
  const auto kernel = cpu::chosen(cpu::baseline::reduce_backward<T, r>, cpu::avx2::reduce_backward<T, r>,
                                  cpu::avx512::reduce_backward<T, r>);
  const Loops loops = cpu::line_loops(a);
  const auto steps = loops.inner_steps();
  const T zero = 0;
  constexpr Index cost = r == math::Reduction::sum_exp ? cpu::function_cost : 1;
  cpu::each_run(loops, cost, [&](Index at, const Loops::Steps& from, Index count) {
    kernel(x.data + at, c ? c.data + from[0] : &zero, c ? steps[0] : 0, d_y.data + from[1], steps[1], count,
           factor, d_x.data + at);
  });
}

template <Real T>
void CpuOrder<T>::arg_extreme(AxisView a, bool smallest, View<const T> x, View<std::int32_t> indices) {
  cpu::for_each_line(a, 2, [&](Index line, Index first) {
    Index best = 0;
    for (Index i = 1; i < a.size; ++i)
      if (cpu::comes_before(smallest, x.data[first + i * a.inner], x.data[first + best * a.inner])) best = i;
    indices.data[line] = static_cast<std::int32_t>(best);
  });
}
template <Real T>
void CpuOrder<T>::top_k(AxisView a, Index count, bool smallest, View<const T> x, View<std::int32_t> indices) {
  if (count == 0) return;
  cpu::for_each_line(a, 16, [&](Index line, Index first) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(a.size));
    std::iota(order.begin(), order.end(), 0);
    const auto before = [&](std::int32_t i, std::int32_t j) {
      const T at_i = x.data[first + i * a.inner], at_j = x.data[first + j * a.inner];
      if (cpu::comes_before(smallest, at_i, at_j)) return true;
      return !cpu::comes_before(smallest, at_j, at_i) && i < j;
    };
    std::partial_sort(order.begin(), order.begin() + count, order.end(), before);
    std::int32_t* to = indices.data + line / a.inner * count * a.inner + line % a.inner;
    for (Index i = 0; i < count; ++i) to[i * a.inner] = order[static_cast<std::size_t>(i)];
  });
}

template <Real T>
void CpuCumulative<T>::sum(AxisView a, bool reverse, View<const T> x, View<T> y, OutputMode how) {
  cpu::for_each_line(a, 1, [&](Index, Index first) {
    T sum = 0;
    for (Index i = 0; i < a.size; ++i) {
      const Index at = first + (reverse ? a.size - 1 - i : i) * a.inner;
      sum += x.data[at];
      y.data[at] = how == OutputMode::accumulate ? y.data[at] + sum : sum;
    }
  });
}

template <Real T>
void CpuLayerNorm<T>::forward(const LayerNormProblem<T>& p, View<T> y, View<T> mean, View<T> scale) {
  const auto kernel = cpu::chosen(cpu::baseline::layer_norm_line<T>, cpu::avx2::layer_norm_line<T>,
                                  cpu::avx512::layer_norm_line<T>);
  const Index count = p.features();
  cpu::parallel_ranges(p.rows(), 3 * count, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row)
      kernel(p.x.data + row * count, p.gain.data, p.bias.data, count, p.eps, y.data + row * count,
             mean.data + row, scale.data + row);
  });
}
template <Real T>
void CpuLayerNorm<T>::backward(const LayerNormProblem<T>& p, View<const T> mean, View<const T> scale,
                               View<const T> d_y, View<T> d_x, View<T> d_gain) {
  if (!d_x && !d_gain) return;
  const auto kernel =
      cpu::chosen(cpu::baseline::layer_norm_line_backward<T>, cpu::avx2::layer_norm_line_backward<T>,
                  cpu::avx512::layer_norm_line_backward<T>);
  // The gradient of the gain is summed over pieces of rows, which are joined in order: the threads change
  // nothing.
  const Index count = p.features(), rows = p.rows();
  const Index least = std::max<Index>(1, cpu::min_parallel_elements / std::max<Index>(4 * count, 1));
  const Index piece = std::max(least, (rows + 63) / 64), pieces = (rows + piece - 1) / piece;
  cpu::Scratch scratch;
  T* sums = d_gain ? scratch.take<T>({pieces * count}).data : nullptr;
  cpu::parallel_for(
      pieces,
      [&](Index i) {
        T* sum = sums ? sums + i * count : nullptr;
        if (sum) std::fill_n(sum, count, T(0));
        for (Index row = i * piece; row < std::min(rows, (i + 1) * piece); ++row)
          kernel(p.x.data + row * count, p.gain.data, d_y.data + row * count, count, mean.data[row],
                 scale.data[row], d_x ? d_x.data + row * count : nullptr, sum);
      },
      4 * rows * count);
  for (Index i = 0; sums && i < pieces; ++i) cpu::kernel_table<T>().add(sums + i * count, count, d_gain.data);
}

}  // namespace lstmlib
