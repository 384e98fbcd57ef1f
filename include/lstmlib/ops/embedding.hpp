// SPDX-License-Identifier: MIT
#pragma once
// Looks up rows of a table by id.

#include "lstmlib/ops/dropout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// `layout`: the layout that dropout.places points to, kept alive for the backward pass.
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

/// Row i of the result is row ids[i] of the table, or zeros if ids[i] is `ignore`. ids of any shape; table
/// [words, features]; result [ids..., features]. The table's gradient is sparse, with only the rows that
/// occur: see Variable::sparse_grad. Throws IndexError for an id outside the table.
template <Real T>
[[nodiscard]] Variable<T> embedding(const Tensor<std::int32_t>& ids, const Variable<T>& table,
                                    std::int32_t ignore = ignore_none) {
  return detail::embedding<T>(ids, table, ignore, nullptr, {});
}
/// Equals dropout(embedding(tokens)) bit for bit, with one pass over the rows forward and one backward.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> embedding_with_dropout(const Tokens& tokens, const Variable<T>& table,
                                                         std::int32_t ignore, double ratio,
                                                         math::RandomKey key = next_dropout_key()) {
  detail::require_tokens("embedding_with_dropout", tokens);
  return tokens.with(detail::embedding<T>(tokens.values, table, ignore, tokens.layout,
                                          detail::row_dropout(tokens.layout.get(), ratio, key)));
}

}  // namespace lstmlib::ops
