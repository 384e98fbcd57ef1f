// SPDX-License-Identifier: MIT
#pragma once
// Rows of a table by number.

#include "lstmlib/ops/dropout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// `layout`: those of dropout.places, kept as long as they are needed.
template <Real T>
Variable<T> embedding(const Tensor<std::int32_t>& ids, const Variable<T>& table, std::int32_t ignore,
                      std::shared_ptr<const SequenceLayout> layout, const RowDropout& dropout) {
  require("embedding", "ids", ids);
  require("embedding", "the table", table);
  if (table.shape().rank() != 2)
    fail<ShapeError>("embedding: table ", table.shape(), ", expected [words, features]");
  auto& nn_kernels = kernels("embedding", table.value(), ids).nn;
  std::vector<Index> sizes(ids.shape().sizes().begin(), ids.shape().sizes().end());
  sizes.push_back(table.shape()[1]);
  auto rows = Tensor<T>::uninitialized(Shape(sizes), table.device());
  nn_kernels.gather_rows(table.view(), ids.view(), ignore, dropout, rows.mutable_view());
  return record("embedding", rows, {table}, reads(ids),
                [&nn_kernels, ids, ignore, layout, dropout](auto d_rows, auto d_table) {
                  const Shape flat{ids.size(), d_rows[0].shape()[d_rows[0].shape().rank() - 1]};
                  SparseGradient<T> part{Tensor<std::int32_t>::uninitialized({ids.size()}, ids.device()),
                                      Tensor<T>::uninitialized(flat, ids.device())};
                  const Tensor<T> d_flat = d_rows[0].reshape(flat);
                  const Index distinct =
                      nn_kernels.sum_rows_by_id(d_flat.view(), ids.view(), ignore, dropout,
                                            part.indices.mutable_view(), part.values.mutable_view());
                  part.indices = part.indices.rows(0, distinct);
                  part.values = part.values.rows(0, distinct);
                  d_table[0].add_sparse(std::move(part));
                });
}
}  // namespace detail

/// Row i of the result is row ids[i] of the table, zeros where the id is `ignore`. ids of any shape, table
/// [words, features]; result [ids..., features]. Throws IndexError for an id outside the table. The table's
/// gradient has the rows of the words that occur and no others, see Variable::sparse_grad.
template <Real T>
[[nodiscard]] Variable<T> embedding(const Tensor<std::int32_t>& ids, const Variable<T>& table,
                                    std::int32_t ignore = ignore_none) {
  return detail::embedding<T>(ids, table, ignore, nullptr, {});
}
/// dropout(embedding(tokens)), to the last bit, in one pass over the rows each way.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> embedding_with_dropout(const Tokens& tokens, const Variable<T>& table,
                                                         std::int32_t ignore, double ratio,
                                                         math::RandomKey key = next_dropout_key()) {
  detail::require_tokens("embedding_with_dropout", tokens);
  return tokens.with(detail::embedding<T>(tokens.values, table, ignore, tokens.layout,
                                          detail::row_dropout(tokens.layout.get(), ratio, key)));
}

}  // namespace lstmlib::ops
