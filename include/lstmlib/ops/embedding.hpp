// SPDX-License-Identifier: MIT
#pragma once
// Rows of a table by number.

#include "lstmlib/autograd/backward.hpp"

namespace lstmlib::ops {

/// Row i of the result is row ids[i] of the table, zeros where the id is `ignore`. ids of any shape, table
/// [words, features]; result [ids..., features]. Throws ShapeError for an id outside the table. The table's
/// gradient has the rows of the words that occur and no others, see Variable::grad_rows.
template <Real T>
Variable<T> embedding(const Tensor<std::int32_t>& ids, const Variable<T>& table,
                      std::int32_t ignore = ignore_none) {
  auto& neural = kernels("embedding", table.value(), ids).neural;
  std::vector<Index> sizes(ids.shape().sizes().begin(), ids.shape().sizes().end());
  sizes.push_back(table.shape()[1]);
  auto rows = Tensor<T>::uninitialized(Shape(sizes), table.device());
  neural.gather_rows(table.view(), ids.view(), ignore, rows.view());
  return record("embedding", rows, {table}, [&neural, ids, ignore](auto d_rows, auto d_table) {
    const Shape flat{ids.size(), d_rows[0].shape()[d_rows[0].shape().rank() - 1]};
    RowGradient<T> part{Tensor<std::int32_t>::uninitialized({ids.size()}, ids.device()),
                        Tensor<T>::uninitialized(flat, ids.device())};
    const Tensor<T> d_flat = d_rows[0].reshape(flat);
    const Index distinct =
        neural.sum_rows_by_id(d_flat.view(), ids.view(), ignore, part.ids.view(), part.rows.view());
    part.ids = part.ids.rows(0, distinct);
    part.rows = part.rows.rows(0, distinct);
    d_table[0].add_rows(std::move(part));
  });
}

}  // namespace lstmlib::ops
