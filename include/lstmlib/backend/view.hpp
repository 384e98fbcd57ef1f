// SPDX-License-Identifier: MIT
#pragma once
// Arguments of kernels: a pointer and a shape, without ownership.

#include "lstmlib/base/shape.hpp"

#include <cstdint>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI {

namespace detail {
struct AlreadyConst;
}

/// Row-major elements of a tensor. A null view means that an optional argument is absent; kernels skip it.
template <class T>
struct View {
  T* data = nullptr;
  Shape shape = Shape::none();

  [[nodiscard]] Index size() const noexcept { return data ? shape.elements() : 0; }
  explicit operator bool() const noexcept { return data != nullptr; }
  // Not a constraint: nvcc warns about a conversion to the same type even if a constraint forbids it.
  operator std::conditional_t<std::is_const_v<T>, detail::AlreadyConst, View<const T>>() const {
    return {data, shape};
  }
};

/// Operand of a matrix product, optionally transposed. A tensor of higher rank counts as [first axis, all
/// other axes].
template <class T>
struct MatrixOperand {
  View<const T> matrix;
  bool transposed = false;

  MatrixOperand(View<const T> m, bool t = false) : matrix(m), transposed(t) {}
  MatrixOperand(View<T> m, bool t = false) : matrix(m), transposed(t) {}
  [[nodiscard]] Index rows() const noexcept {
    return transposed ? matrix.shape.row_size() : matrix.shape.rows();
  }
  [[nodiscard]] Index columns() const noexcept {
    return transposed ? matrix.shape.rows() : matrix.shape.row_size();
  }
};
template <class T>
[[nodiscard]] MatrixOperand<std::remove_const_t<T>> transposed(View<T> matrix) {
  return {matrix, true};
}

/// Whether a kernel overwrites its result or adds to it.
enum class OutputMode : std::uint8_t { overwrite, accumulate };

/// A tensor seen as [outer, size, inner], where `size` is the length of one axis.
struct AxisView {
  Index outer = 1, size = 1, inner = 1;

  AxisView(const Shape& shape, int axis) : size(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

}  // namespace lstmlib
