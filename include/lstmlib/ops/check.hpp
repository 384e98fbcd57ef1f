// SPDX-License-Identifier: MIT
#pragma once
// Argument checks of operations. Kernels trust their arguments, so these run first.

#include "lstmlib/autograd/backward.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops::detail {

/// Throws ShapeError if absent.
template <Element T>
void require(const char* op, const char* what, const Tensor<T>& x) {
  if (!x) fail<ShapeError>(op, ": ", what, " is absent, a tensor is expected");
}
template <Real T>
void require(const char* op, const char* what, const Variable<T>& x) {
  require(op, what, x.value());
}

Shape without_axis(const Shape& shape, int axis);

/// Throws ShapeError unless `x.values` is [rows of all sequences, features].
template <class Rows>
void require_rows(const char* op, const Ragged<Rows>& x) {
  require(op, "the input", x.values);
  if (!x.layout)
    fail<ShapeError>(op, ": rows ", x.values.shape(),
                     " without a sequence layout, which says where they begin");
  if (x.values.shape().rank() != 2)
    fail<ShapeError>(op, ": input ", x.values.shape(), ", expected [rows, features]");
  if (x.values.shape()[0] != x.layout->rows())
    fail<ShapeError>(op, ": ", x.values.shape()[0], " rows for sequences of ", x.layout->rows());
}

/// Throws ShapeError unless the values are [words of all sentences].
void require_tokens(const char* op, const Tokens& tokens);

}  // namespace lstmlib::ops::detail

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/check.inl"
#endif
