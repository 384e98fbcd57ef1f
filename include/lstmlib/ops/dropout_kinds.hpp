// SPDX-License-Identifier: MIT
#pragma once
// Dropout of whole features of a sequence, of whole rows or words, and of weights. core.hpp does not include it.

#include "lstmlib/ops/arithmetic.hpp"
#include "lstmlib/ops/dropout.hpp"
#include "lstmlib/ops/over_time.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// 0 with probability `ratio`, else 1 / (1 - ratio).
template <Real T>
Tensor<T> dropout_mask(const char* op, const RowDropout& dropout, const Tensor<T>& like, const Shape& shape) {
  const auto& all = kernels(op, like);
  auto ones = Tensor<T>::uninitialized(shape, like.device()),
       mask = Tensor<T>::uninitialized(shape, like.device());
  all.tensor.fill(T(1), ones.mutable_view());
  all.nn.dropout(dropout, ones.view(), mask.mutable_view(), OutputMode::overwrite);
  return mask;
}
}  // namespace detail

/// Dropout with one mask for each sequence, which all of its time steps share [Gal 2016]: a feature is dropped in
/// the whole sequence. x.values [rows, features]; the result too. Elements are set to 0 with probability `ratio`
/// (0 <= ratio < 1), and the others divided by 1 - ratio. The mask depends on the sequence's index in the global
/// batch, as in dropout(). Throws ShapeError for wrong shapes and ValueError for another ratio.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> locked_dropout(const Ragged<Variable<T>>& x, double ratio,
                                                 math::RandomKey key = next_dropout_key()) {
  detail::require_rows("locked_dropout", x);
  const auto mask = detail::dropout_mask("locked_dropout", detail::row_dropout(nullptr, ratio, key),
                                         x.values.value(), {x.sequences(), x.values.shape()[1]});
  return x.with(x.values * repeat_over_time(Variable<T>(mask), x.layout).values);
}

/// Dropout of whole rows: each is set to 0 with probability `ratio` (0 <= ratio < 1), and the others are divided by
/// 1 - ratio. x.values [rows, features]; the result too. The mask depends on the sequence's index in the global
/// batch and the position in it. Throws ShapeError for wrong shapes and ValueError for another ratio.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> word_dropout(const Ragged<Variable<T>>& x, double ratio,
                                               math::RandomKey key = next_dropout_key()) {
  detail::require_rows("word_dropout", x);
  const auto mask = detail::dropout_mask("word_dropout", detail::row_dropout(x.layout.get(), ratio, key),
                                         x.values.value(), {x.layout->rows(), 1});
  return x.with(x.values * Variable<T>(mask));
}
/// The same of ids: each is `replacement` with probability `ratio`, else unchanged; the same words are dropped as
/// above. On a GPU the ids go through the host's memory.
[[nodiscard]] inline Tokens word_dropout(const Tokens& tokens, std::int32_t replacement, double ratio,
                                         math::RandomKey key = next_dropout_key()) {
  detail::require_tokens("word_dropout", tokens);
  const RowDropout dropout = detail::row_dropout(tokens.layout.get(), ratio, key);
  const std::uint32_t threshold = math::dropout_threshold(ratio);
  auto ids = tokens.values.to(Device::cpu()).clone();
  std::int32_t* id = ids.mutable_view().data;
  for (Index s = 0; s < tokens.sequences(); ++s)
    for (Index position = 0; position < tokens.layout->length(s); ++position, ++id) {
      const auto words =
          math::dropout_words(key, static_cast<std::uint64_t>(s) + dropout.places.first_sentence,
                              static_cast<std::uint32_t>(position), 0);
      if (words.word[0] < threshold) *id = replacement;
    }
  return tokens.with(ids.to(tokens.values.device()));
}

/// Dropout of weights [Wan 2013]: each is set to 0 with probability `ratio` (0 <= ratio < 1), and the others are
/// divided by 1 - ratio. Result of the shape of w. The mask depends on the seed, the update step and the number of
/// the dropout call in it: several processes, which have shards of one batch, have the same one. Throws ValueError
/// for another ratio.
template <Real T>
[[nodiscard]] Variable<T> weight_dropout(const Variable<T>& w, double ratio,
                                         math::RandomKey key = next_dropout_key()) {
  detail::require("weight_dropout", "the weight", w);
  lstmlib::detail::require_below_one("weight_dropout", "ratio", ratio);
  const RowDropout dropout{key, ratio, {}};
  auto& nn_kernels = kernels("weight_dropout", w.value()).nn;
  auto y = Tensor<T>::uninitialized(w.shape(), w.device());
  nn_kernels.dropout(dropout, w.view(), y.mutable_view(), OutputMode::overwrite);
  return record("weight_dropout", y, {w}, reads(), [&nn_kernels, dropout](auto d_y, auto d_w) {
    nn_kernels.dropout(dropout, d_y[0].view(), d_w[0].view(), OutputMode::accumulate);
  });
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
