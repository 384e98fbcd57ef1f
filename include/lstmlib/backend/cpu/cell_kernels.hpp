// SPDX-License-Identifier: MIT
#pragma once
// The kernels of a program's own cell: its formulas over a block of units, for each instruction set. Only
// these are compiled with the program; the engine that calls them is that of the built-in cells.

#include "lstmlib/backend/cpu/kernel_table.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/math/cell_formula.hpp"
#include "lstmlib/math/lanes.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu::custom {

/// The sum that a column of gates holds: see CellKernels::of_custom for the order of columns.
template <class Cell>
constexpr int sum_of_column(int column) {
  using Traits = CellTraits<Cell>;
  return column < Traits::separate ? Traits::gates - Traits::separate + column
         : column < Traits::gates  ? column - Traits::separate
                                   : column;
}

/// Units of a block, `vectors` of them at a time, for each row.
template <class T, class Cell, int bytes>
struct ForwardBlock {
  using Traits = CellTraits<Cell>;
  using V = formula::Lanes<T, bytes>;
  const CellForward<T>& p;
  Index units = p.vectors * V::count;

  [[gnu::always_inline]] void load(Index row, Index at, CellStep<Cell, V>& step) const {
    const T* gates = p.gates + row * p.gate_row + at;
#pragma GCC unroll 8
    for (int i = 0; i < Traits::sums; ++i) step.sum[sum_of_column<Cell>(i)] = V::load(gates + i * units);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::states; ++i)
      step.before[i] = V::load(i == 0 ? p.hidden_before + row * p.hidden_row + at
                                      : p.before + (i - 1) * p.next_state + row * p.before_row + at);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::parameters; ++i) step.parameter[i] = V::load(p.parameters + i * units + at);
  }
  [[gnu::always_inline]] void store(Index row, Index at, const CellStep<Cell, V>& step) const {
    T* gates = p.gates + row * p.gate_row + at;
#pragma GCC unroll 16
    for (int i = 0; i < Traits::saved; ++i) step.saved[i].store(gates + i * units);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::states; ++i)
      step.after[i].store(i == 0 ? p.hidden + row * p.hidden_row + at
                                 : p.cell + (i - 1) * p.next_state + row * p.before_row + at);
  }
};

template <class T, class Cell, int bytes>
struct BackwardBlock {
  using Traits = CellTraits<Cell>;
  using V = formula::Lanes<T, bytes>;
  const CellBackward<T>& p;
  Index units = p.vectors * V::count;

  [[gnu::always_inline]] void load(Index row, Index at, CellGradient<Cell, V>& d) const {
    const T *gates = p.gates + row * p.gate_row + at, *carried = p.carried + row * units + at;
#pragma GCC unroll 16
    for (int i = 0; i < Traits::saved; ++i) d.saved[i] = V::load(gates + i * units);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::states; ++i) {
      d.before[i] = V::load(i == 0 ? p.hidden_before + row * p.hidden_before_row + at
                                   : p.before + (i - 1) * p.next_state + row * p.before_row + at);
      d.d_after[i] = V::load(carried + i * p.next_carried);
    }
    d.d_after[0] += V::load(p.d_hidden + row * p.d_hidden_row + at);
    if (p.d_output) d.d_after[0] += V::load(p.d_output + row * p.d_output_row + at);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::parameters; ++i) d.parameter[i] = V::load(p.parameters + i * units + at);
  }
  [[gnu::always_inline]] void store(Index row, Index at, const CellGradient<Cell, V>& d) const {
    T *gates = p.gates + row * p.gate_row + at, *carried = p.carried + row * units + at;
#pragma GCC unroll 8
    for (int i = 0; i < Traits::sums; ++i) d.d_sum[sum_of_column<Cell>(i)].store(gates + i * units);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::parameters; ++i) d.d_parameter[i].store(gates + (Traits::sums + i) * units);
#pragma GCC unroll 8
    for (int i = 0; i < Traits::states; ++i) d.d_before[i].store(carried + i * p.next_carried);
  }
};

// The loops are written out in each function: `flatten` inlines what a function calls itself, here the
// formulas, into the one instruction set that the function is compiled for.

template <class T, class Cell>
[[gnu::flatten]] void forward_baseline(const CellForward<T>& p) {
  using Block = ForwardBlock<T, Cell, 16>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellStep<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::forward(step);
      block.store(row, at, step);
    }
}
template <class T, class Cell>
[[gnu::flatten]] void backward_baseline(const CellBackward<T>& p) {
  using Block = BackwardBlock<T, Cell, 16>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellGradient<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::backward(step);
      block.store(row, at, step);
    }
}
#if defined(__x86_64__)
template <class T, class Cell>
[[gnu::flatten, gnu::target("avx2,fma")]] void forward_avx2(const CellForward<T>& p) {
  using Block = ForwardBlock<T, Cell, 32>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellStep<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::forward(step);
      block.store(row, at, step);
    }
}
template <class T, class Cell>
[[gnu::flatten, gnu::target("avx2,fma")]] void backward_avx2(const CellBackward<T>& p) {
  using Block = BackwardBlock<T, Cell, 32>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellGradient<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::backward(step);
      block.store(row, at, step);
    }
}
template <class T, class Cell>
[[gnu::flatten, gnu::target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")]] void forward_avx512(
    const CellForward<T>& p) {
  using Block = ForwardBlock<T, Cell, 64>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellStep<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::forward(step);
      block.store(row, at, step);
    }
}
template <class T, class Cell>
[[gnu::flatten, gnu::target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")]] void backward_avx512(
    const CellBackward<T>& p) {
  using Block = BackwardBlock<T, Cell, 64>;
  const Block block{p};
  for (Index at = 0; at < block.units; at += Block::V::count)
    for (Index row = 0; row < p.rows; ++row) {
      CellGradient<Cell, typename Block::V> step;
      block.load(row, at, step);
      Cell::backward(step);
      block.store(row, at, step);
    }
}
#endif

}  // namespace lstmlib::cpu::custom

namespace lstmlib::inline LSTMLIB_ABI {

/// A cell of the program's own, for every function that takes one of the library's.
///
///     const auto result = ops::recurrent<float>(custom_cell<float, MyCell>, x, weights);
template <class T, CellFormula Cell>
inline constexpr CustomCell<T> custom_cell {
  CellTraits<Cell>::gates, CellTraits<Cell>::states, CellTraits<Cell>::separate, CellTraits<Cell>::parameters,
      CellTraits<Cell>::saved, CellTraits<Cell>::initial_bias,
#if defined(__x86_64__)
      {cpu::custom::forward_baseline<T, Cell>, cpu::custom::forward_avx2<T, Cell>,
       cpu::custom::forward_avx512<T, Cell>},
      {cpu::custom::backward_baseline<T, Cell>, cpu::custom::backward_avx2<T, Cell>,
       cpu::custom::backward_avx512<T, Cell>},
#else
      {cpu::custom::forward_baseline<T, Cell>, nullptr, nullptr},
      {cpu::custom::backward_baseline<T, Cell>, nullptr, nullptr},
#endif
      &cuda_cell_steps<T, Cell>
};

}  // namespace lstmlib
