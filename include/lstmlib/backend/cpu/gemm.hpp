// SPDX-License-Identifier: MIT
#pragma once
// Matrix products of any shape. Operands are packed into panels, and tasks compute tiles of the result from
// them.

#include "lstmlib/backend/cpu/kernel_sets.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"
#include "lstmlib/backend/cpu/threads.hpp"

#include <algorithm>
#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Multiply-adds that take as long as one element elsewhere; converts to the `elements` of parallel_for.
inline constexpr Index products_an_element = 16;

/// x / y, rounded up.
constexpr Index divide_up(Index x, Index y) { return (x + y - 1) / y; }

/// Packs rows into a panel [rows, width]: `columns` elements of each row of a matrix, padded with zeros.
template <class T>
void pack_rows(const T* from, Index from_row, Index columns, Index rows, T* panel, Index width) {
  for (Index row = 0; row < rows; ++row) {
    std::memcpy(panel + row * width, from + row * from_row, static_cast<std::size_t>(columns) * sizeof(T));
    if (columns < width) std::fill(panel + row * width + columns, panel + (row + 1) * width, T(0));
  }
}

/// The same for a transposed matrix: column j of the panel is row j of `from`.
template <class T>
void pack_columns(const KernelTable<T>& kernels, const T* from, Index from_row, Index columns, Index rows,
                  T* panel, Index width) {
  for (Index first = 0; first < width; first += kernels.lanes)
    kernels.transpose(from + first * from_row, from_row, std::clamp<Index>(columns - first, 0, kernels.lanes),
                      rows, panel + first, width);
}

/// A matrix [inner, columns] cut into panels of `width` columns (whole vectors), stored one after another.
template <class T>
struct Panels {
  const T* data;
  Index inner, width, columns;

  Index count() const { return divide_up(columns, width); }
  const T* panel(Index i) const { return data + i * inner * width; }
  Index columns_of(Index i) const { return std::min(width, columns - i * width); }
};

/// Packs an operand, transposed or not, in parallel.
template <class T>
Panels<T> pack(const KernelTable<T>& kernels, MatrixOperand<T> operand, Scratch& scratch) {
  const Index inner = operand.rows(), columns = operand.columns();
  const Index width = std::min<Index>(panel_vectors, divide_up(columns, kernels.lanes)) * kernels.lanes;
  const Index panels = divide_up(columns, width), row_size = operand.matrix.shape.row_size();
  T* packed = scratch.take<T>({panels, inner, width}).data;
  parallel_for(
      panels,
      [&](Index i) {
        const Index first = i * width, count = std::min(width, columns - first);
        T* panel = packed + i * inner * width;
        if (operand.transposed)
          pack_columns(kernels, operand.matrix.data + first * row_size, row_size, count, inner, panel, width);
        else pack_rows(operand.matrix.data + first, row_size, count, inner, panel, width);
      },
      inner * columns);
  return {packed, inner, width, columns};
}

/// c = a b or c += a b. The inner dimension is summed in order, in blocks of `inner_block`.
template <class T>
void gemm(MatrixOperand<T> a, MatrixOperand<T> b, View<T> c, OutputMode write) {
  constexpr Index inner_block = 1024;  // one block of a panel fits the L2 cache
  const Index rows = a.rows(), inner = a.columns(), columns = b.columns();
  if (rows == 0 || columns == 0) return;
  if (inner == 0) {
    if (write == OutputMode::overwrite) std::fill_n(c.data, c.size(), T(0));
    return;
  }
  const KernelTable<T>& kernels = kernel_table<T>();
  Scratch scratch;
  const Panels<T> right = pack(kernels, b, scratch);
  // The left matrix is read in place. If it is transposed, its rows are strided, so it is packed as well.
  const Index left_width = a.matrix.shape.row_size();
  Panels<T> left{};
  if (a.transposed) left = pack(kernels, MatrixOperand<T>(a.matrix), scratch);
  const Index chunk = a.transposed ? left.width : 96, chunks = divide_up(rows, chunk);

  const auto task = [&](Index number) {
    const Index panel = number / chunks, first = number % chunks * chunk;
    for (Index from = 0; from < inner; from += inner_block) {
      Product<T> product{};
      product.left = a.transposed ? left.panel(first / chunk) + from * left.width
                                  : a.matrix.data + first * left_width + from;
      product.left_row = a.transposed ? 1 : left_width;
      product.left_step = a.transposed ? left.width : 1;
      product.right = right.panel(panel) + from * right.width;
      product.right_step = right.width;
      product.depth = std::min(inner_block, inner - from);
      product.parts = 1;
      product.result = c.data + first * columns + panel * right.width;
      product.result_row = columns;
      product.add = write == OutputMode::accumulate || from > 0;
      product.rows = std::min(chunk, rows - first);
      product.columns = right.columns_of(panel);
      product.vectors = static_cast<int>(divide_up(product.columns, kernels.lanes));
      kernels.product(product);
    }
  };
  parallel_for(right.count() * chunks, task, rows * columns * inner / products_an_element);
}

}  // namespace lstmlib::cpu
