// SPDX-License-Identifier: MIT
#pragma once
// Matrix products.

#include "lstmlib/ops/shape.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// Matrix `i` of a batch; of one matrix, that.
template <class T>
View<T> matrix_of(View<T> all, Index i) {
  if (!all || all.shape.rank() == 2) return all;
  const Shape shape{all.shape[1], all.shape[2]};
  return {all.data + i * shape.elements(), shape};
}
template <Real T>
Variable<T> multiply_matrices(const Variable<T>& a, const Variable<T>& b, const Shape& shape) {
  auto& tensor_kernels = kernels("matmul", a.value(), b.value()).tensor;
  auto y = Tensor<T>::uninitialized(shape, a.device());
  const Index batch = shape.rank() == 3 ? shape[0] : 1;
  const View<T> to = y.mutable_view();
  for (Index i = 0; i < batch; ++i)
    tensor_kernels.gemm(matrix_of(a.view(), i), matrix_of(b.view(), i), matrix_of(to, i),
                        OutputMode::overwrite);
  return record("matmul", y, {a, b}, reads(a.value(), b.value()),
                [&tensor_kernels, batch, a = a.value(), b = b.value()](auto d_y, auto d) {
                  const View<T> d_a = d[0].view(), d_b = d[1].view();
                  for (Index i = 0; i < batch; ++i) {
                    const auto d_out = matrix_of(d_y[0].view(), i);
                    tensor_kernels.gemm(d_out, transposed(matrix_of(b.view(), i)), matrix_of(d_a, i),
                                        OutputMode::accumulate);
                    tensor_kernels.gemm(transposed(matrix_of(a.view(), i)), d_out, matrix_of(d_b, i),
                                        OutputMode::accumulate);
                  }
                });
}
}  // namespace detail

/// The product of a [.., rows, inner] and b [inner, columns]: [.., rows, columns]. Or, matrix by matrix, of a
/// [batch, rows, inner] and b [batch, inner, columns]: [batch, rows, columns]. A vector [inner] counts as one
/// row in front and one column behind, which the result does not have. Throws ShapeError if the shapes do not
/// match.
template <Real T>
[[nodiscard]] Variable<T> matmul(const Variable<T>& a, const Variable<T>& b) {
  detail::require("matmul", "the first argument", a);
  detail::require("matmul", "the second argument", b);
  const Shape &left = a.shape(), &right = b.shape();
  const auto refuse = [&] {
    fail<ShapeError>(
        "matmul: shapes ", left, " and ", right,
        ", expected [.., rows, inner] and [inner, columns], or [batch, rows, inner] and [batch, inner, "
        "columns]");
  };
  if (left.rank() == 0 || right.rank() == 0 || right.rank() > 3 || (right.rank() == 3 && left.rank() != 3))
    refuse();
  const Index inner = left[left.rank() - 1];
  if (right[right.rank() == 1 ? 0 : right.rank() - 2] != inner) refuse();
  if (right.rank() == 3) {
    if (right[0] != left[0]) refuse();
    return detail::multiply_matrices(a, b, {left[0], left[1], right[2]});
  }
  std::vector<Index> sizes(left.sizes().begin(), left.sizes().end() - 1);
  Index rows = 1;
  for (const Index size : sizes) rows *= size;
  const Index columns = right.rank() == 1 ? 1 : right[1];
  if (right.rank() == 2) sizes.push_back(columns);
  if (left.rank() == 2 && right.rank() == 2) return detail::multiply_matrices(a, b, {rows, columns});
  return reshape(
      detail::multiply_matrices(reshape(a, {rows, inner}), reshape(b, {inner, columns}), {rows, columns}),
      Shape(sizes));
}

}  // namespace lstmlib::ops
