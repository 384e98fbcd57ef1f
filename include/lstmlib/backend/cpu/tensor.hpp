// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions, sums and products on the CPU.

#include "lstmlib/backend/cpu/gemm.hpp"
#include "lstmlib/backend/kernels/tensor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// result = value or result += value
template <class T>
void write(OutputMode how, T& result, T value) {
  result = how == OutputMode::overwrite ? value : result + value;
}

/// The maximum, or NaN if one of them is.
template <class T>
T larger_or_nan(T a, T b) {
  return b > a || b != b ? b : a;
}
/// Whether x equals the maximum y; NaN equals NaN.
template <class T>
bool is_maximum(T x, T y) {
  return x == y || (x != x && y != y);
}

template <Real T>
class CpuTensorKernels final : public TensorKernels<T> {
 public:
  void unary(UnaryOp op, View<const T> x, View<T> y) override {
    parallel_ranges(x.size(), activation_elements, [&](Index first, Index last) {
      kernel_table<T>().unary(op, x.data + first, last - first, y.data + first);
    });
  }
  void unary_backward(UnaryOp op, View<const T> y, View<const T> d_y, View<T> d_x) override {
    parallel_ranges(d_x.size(), 1, [&](Index first, Index last) {
      kernel_table<T>().unary_backward(op, y.data + first, d_y.data + first, last - first, d_x.data + first);
    });
  }
  void fill(T value, View<T> y) override { std::fill_n(y.data, y.size(), value); }
  void add_scaled(T factor, View<const T> x, View<T> y) override {
    parallel_ranges(y.size(), 1, [&](Index first, Index last) {
      kernel_table<T>().add_scaled(factor, x.data + first, last - first, y.data + first);
    });
  }
  void multiply(View<const T> a, View<const T> b, View<T> y, OutputMode how) override {
    parallel_ranges(y.size(), 1, [&](Index first, Index last) {
      kernel_table<T>().multiply(a.data + first, b.data + first, last - first, how == OutputMode::accumulate,
                                 y.data + first);
    });
  }
  void add_bias(View<const T> row, View<T> y) override {
    if (!y || !row) return;
    const Index width = row.size();
    for (Index first = 0; first < y.size(); first += width)
      kernel_table<T>().add(row.data, width, y.data + first);
  }
  void sum_rows(View<const T> x, View<T> sum) override {
    if (!sum) return;
    const Index width = sum.size();
    for (Index first = 0; first < x.size(); first += width)
      kernel_table<T>().add(x.data + first, width, sum.data);
  }
  void gemm(MatrixOperand<T> a, MatrixOperand<T> b, View<T> c, OutputMode how) override {
    if (c) cpu::gemm(a, b, c, how);
  }
  void transpose(View<const T> x, View<T> y, OutputMode how) override {
    if (!y) return;
    const Index rows = x.shape.rows(), columns = x.shape.row_size();
    for (Index row = 0; row < rows; ++row)
      for (Index column = 0; column < columns; ++column)
        write(how, y.data[column * rows + row], x.data[row * columns + column]);
  }
  void copy_columns(View<const T> from, Index from_first, View<T> to, Index to_first, Index columns,
                    OutputMode how) override {
    if (!to) return;
    const Index from_size = from.shape.row_size(), to_size = to.shape.row_size();
    for (Index row = 0; row < to.shape.rows(); ++row)
      for (Index i = 0; i < columns; ++i)
        write(how, to.data[row * to_size + to_first + i], from.data[row * from_size + from_first + i]);
  }

  void sum(AxisView a, T factor, View<const T> x, View<T> y) override {
    if (a.inner == 1) return sum_lines(a, factor, x.data, y.data);
    fill(T(0), y);
    each(a, [&](Index from, Index to) { y.data[to] += factor * x.data[from]; });
  }
  void sum_backward(AxisView a, T factor, View<const T> d_y, View<T> d_x) override {
    if (!d_x) return;
    if (a.inner != 1) return each(a, [&](Index from, Index to) { d_x.data[from] += factor * d_y.data[to]; });
    each_piece(a, [&](Index line, Index first, Index count, Index) {
      const T share = factor * d_y.data[line];
      for (Index i = 0; i < count; ++i) d_x.data[first + i] += share;
    });
  }
  void max(AxisView a, View<const T> x, View<T> y) override {
    if (a.inner == 1)
      return each_line(a, [&](Index first) {
        T largest = -std::numeric_limits<T>::infinity();
        for (Index i = 0; i < a.size; ++i) largest = larger_or_nan(largest, x.data[first + i]);
        y.data[first / a.size] = largest;
      });
    fill(-std::numeric_limits<T>::infinity(), y);
    for (Index outer = 0; outer < a.outer; ++outer)
      for (Index i = 0; i < a.size; ++i)
        kernel_table<T>().maximum(x.data + (outer * a.size + i) * a.inner, a.inner, y.data + outer * a.inner);
  }
  void max_backward(AxisView a, View<const T> x, View<const T> y, View<const T> d_y, View<T> d_x) override {
    if (d_x)
      each(a, [&](Index from, Index to) {
        if (is_maximum(x.data[from], y.data[to])) d_x.data[from] += d_y.data[to];
      });
  }
  void softmax(AxisView a, bool logarithm, View<const T> x, View<T> y) override {
    each_line(a, [&](Index first) {
      T largest = -std::numeric_limits<T>::infinity();  // subtracted so that exp cannot overflow
      for (Index i = 0; i < a.size; ++i) largest = std::max(largest, x.data[first + i * a.inner]);
      T total = 0;
      for (Index i = 0; i < a.size; ++i) total += std::exp(x.data[first + i * a.inner] - largest);
      const T log_total = std::log(total);
      for (Index i = 0; i < a.size; ++i) {
        const Index at = first + i * a.inner;
        y.data[at] = logarithm ? x.data[at] - largest - log_total : std::exp(x.data[at] - largest) / total;
      }
    });
  }
  void softmax_backward(AxisView a, bool logarithm, View<const T> y, View<const T> d_y,
                        View<T> d_x) override {
    if (!d_x) return;
    each_line(a, [&](Index first) {
      T sum = 0;  // of d_y (log-softmax) or d_y y (softmax)
      for (Index i = 0; i < a.size; ++i) {
        const Index at = first + i * a.inner;
        sum += logarithm ? d_y.data[at] : d_y.data[at] * y.data[at];
      }
      for (Index i = 0; i < a.size; ++i) {
        const Index at = first + i * a.inner;
        d_x.data[at] +=
            logarithm ? d_y.data[at] - std::exp(y.data[at]) * sum : y.data[at] * (d_y.data[at] - sum);
      }
    });
  }

 private:
  static constexpr Index activation_elements = 4;  ///< cost of an activation in simple elements

  /// Calls `use(line, first element, count, piece)` in parallel for pieces of contiguous lines along the
  /// axis.
  template <class Use>
  static void each_piece(const AxisView& a, Use use) {
    const Index pieces = divide_up(a.size, min_parallel_elements);
    parallel_ranges(a.outer * pieces, std::min(a.size, min_parallel_elements),
                    [&](Index first_piece, Index last_piece) {
                      for (Index piece = first_piece; piece < last_piece; ++piece) {
                        const Index line = piece / pieces, at = piece % pieces * min_parallel_elements;
                        use(line, line * a.size + at, std::min(min_parallel_elements, a.size - at), piece);
                      }
                    });
  }
  /// Sums of contiguous lines, independent of the number of threads. A piece is summed in four vectors; these
  /// and the pieces are added in double precision.
  static void sum_lines(const AxisView& a, T factor, const T* x, T* y) {
    const Index pieces = divide_up(a.size, min_parallel_elements);
    Scratch scratch;
    double* sums = scratch.take<double>({a.outer * pieces}).data;
    each_piece(a, [&](Index, Index first, Index count, Index piece) {
      const auto& kernels = kernel_table<T>();
      const Index width = 4 * kernels.lanes, rows = count / width;
      std::array<T, 64> columns{};
      kernels.sum_rows(x + first, width, rows, 4, columns.data());
      const double whole = std::accumulate(columns.begin(), columns.end(), 0.0);
      sums[piece] = std::accumulate(x + first + rows * width, x + first + count, whole);
    });
    for (Index line = 0; line < a.outer; ++line)
      y[line] =
          factor * static_cast<T>(std::accumulate(sums + line * pieces, sums + (line + 1) * pieces, 0.0));
  }
  /// Calls `use(index of the first element)` for each line along the axis, in parallel.
  template <class Use>
  static void each_line(const AxisView& a, Use use) {
    parallel_ranges(a.outer * a.inner, a.size * 4, [&](Index first_line, Index last_line) {
      for (Index line = first_line; line < last_line; ++line)
        use(line / a.inner * a.size * a.inner + line % a.inner);
    });
  }
  /// Calls `use(from, to)` for each element of [outer, size, inner], in memory order. `to` is its index in
  /// [outer, inner].
  template <class Use>
  static void each(const AxisView& a, Use use) {
    Index from = 0;
    for (Index outer = 0; outer < a.outer; ++outer)
      for (Index i = 0; i < a.size; ++i)
        for (Index inner = 0; inner < a.inner; ++inner) use(from++, outer * a.inner + inner);
  }
};

}  // namespace lstmlib::cpu
