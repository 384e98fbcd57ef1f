// SPDX-License-Identifier: MIT
#pragma once
// Attention between the rows of sequences. core.hpp does not include it.

#include "lstmlib/ops/shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

struct AttentionOptions {
  Index heads = 1;      ///< equal parts of the features, each with weights of its own
  bool causal = false;  ///< a row sees no later row of its sequence
};

namespace detail {
/// The heads of the rows of all sequences as matrices, and the products of attention. Sizes are for each head.
template <Real T>
class Attention {
 public:
  Attention(std::shared_ptr<const SequenceLayout> queries, std::shared_ptr<const SequenceLayout> keys,
            const AttentionOptions& options, Index size, const Kernels<T>& all)
      : queries_(std::move(queries)),
        keys_(std::move(keys)),
        options_(options),
        scale_(T(1) / std::sqrt(static_cast<T>(size))),
        all_(&all) {
    first_.push_back(0);
    for (Index s = 0; s < queries_->sequences(); ++s) {
      const Index block = options.heads * queries_->length(s) * keys_->length(s);
      largest_ = std::max(largest_, block);
      first_.push_back(first_.back() + block);
    }
  }

  /// x [rows, heads size] as [heads, rows, size].
  Tensor<T> in_heads(const Tensor<T>& x) const {
    const Index rows = x.shape()[0], size = x.shape()[1] / options_.heads;
    auto y = Tensor<T>::uninitialized({options_.heads, rows, size}, x.device());
    for (Index h = 0; h < options_.heads; ++h)
      all_->tensor.copy_columns(x.view(), h * size, matrix(y.mutable_view(), h, 0, rows), 0, size,
                                OutputMode::overwrite);
    return y;
  }
  /// The reverse.
  void from_heads(const Tensor<T>& x, View<T> y, OutputMode how) const {
    const Index rows = x.shape()[1], size = x.shape()[2];
    for (Index h = 0; h < options_.heads; ++h)
      all_->tensor.copy_columns(matrix(x.view(), h, 0, rows), 0, y, h * size, size, how);
  }
  Tensor<T> scaled(const Tensor<T>& x) const {
    auto y = Tensor<T>::zeros(x.shape(), x.device());
    all_->tensor.add_scaled(scale_, x.view(), y.mutable_view());
    return y;
  }

  /// The weights of all rows of all sequences: for each sequence [heads, rows of queries, rows of keys].
  Tensor<T> weights(const Tensor<T>& q, const Tensor<T>& k) const {
    auto p = Tensor<T>::uninitialized({first_.back()}, q.device());
    auto scores = Tensor<T>::uninitialized({largest_}, q.device());
    const Tensor<T> mask = options_.causal ? causal_mask(q.device()) : Tensor<T>();
    each([&](Index s, Index rows, Index others) {
      for (Index h = 0; h < options_.heads; ++h) {
        const View<T> to = block(scores.mutable_view(), h, rows, others);
        if (mask)
          all_->tensor.copy_columns(mask.rows(0, rows).view(), 0, to, 0, others, OutputMode::overwrite);
        all_->tensor.gemm(queries(q, h, s), transposed(keys(k, h, s)), to,
                          mask ? OutputMode::accumulate : OutputMode::overwrite);
      }
      const Shape lines{options_.heads * rows, others};
      all_->tensor.softmax(AxisView(lines, 1), false, View<const T>{scores.view().data, lines},
                           View<T>{p.mutable_view().data + first(s), lines});
    });
    return p;
  }
  /// Weighted sums of the values, [heads, rows of queries, size].
  Tensor<T> sums(const Tensor<T>& p, const Tensor<T>& v) const {
    auto y = Tensor<T>::uninitialized({options_.heads, queries_->rows(), v.shape()[2]}, v.device());
    each([&](Index s, Index rows, Index others) {
      for (Index h = 0; h < options_.heads; ++h)
        all_->tensor.gemm(block(of_sequence(p.view(), s), h, rows, others), keys(v, h, s),
                          matrix(y.mutable_view(), h, queries_->begin(s), rows), OutputMode::overwrite);
    });
    return y;
  }
  struct Gradients {
    Tensor<T> q, k, v;  ///< in heads; that of q is by the scaled q
  };
  Gradients backward(const Tensor<T>& q, const Tensor<T>& k, const Tensor<T>& v, const Tensor<T>& p,
                     const Tensor<T>& d_y) const {
    Gradients d{Tensor<T>::uninitialized(q.shape(), q.device()),
                Tensor<T>::uninitialized(k.shape(), q.device()),
                Tensor<T>::uninitialized(v.shape(), q.device())};
    auto d_p = Tensor<T>::uninitialized({largest_}, q.device());
    auto d_scores = Tensor<T>::uninitialized({largest_}, q.device());
    auto& t = all_->tensor;
    each([&](Index s, Index rows, Index others) {
      const View<const T> weights = of_sequence(p.view(), s);
      for (Index h = 0; h < options_.heads; ++h) {
        t.gemm(queries(d_y, h, s), transposed(keys(v, h, s)), block(d_p.mutable_view(), h, rows, others),
               OutputMode::overwrite);
        t.gemm(transposed(block(weights, h, rows, others)), queries(d_y, h, s),
               matrix(d.v.mutable_view(), h, keys_->begin(s), others), OutputMode::overwrite);
      }
      const Shape lines{options_.heads * rows, others};
      const View<T> to{d_scores.mutable_view().data, lines};
      t.fill(T(0), to);
      t.softmax_backward(AxisView(lines, 1), false, View<const T>{weights.data, lines},
                         View<const T>{d_p.view().data, lines}, to);
      for (Index h = 0; h < options_.heads; ++h) {
        const View<const T> by = block(d_scores.view(), h, rows, others);
        t.gemm(by, keys(k, h, s), matrix(d.q.mutable_view(), h, queries_->begin(s), rows),
               OutputMode::overwrite);
        t.gemm(transposed(by), queries(q, h, s), matrix(d.k.mutable_view(), h, keys_->begin(s), others),
               OutputMode::overwrite);
      }
    });
    return d;
  }

 private:
  template <class Use>
  void each(Use use) const {
    for (Index s = 0; s < queries_->sequences(); ++s) use(s, queries_->length(s), keys_->length(s));
  }
  Index first(Index s) const { return first_[static_cast<std::size_t>(s)]; }
  /// Rows of head h of x [heads, rows, size].
  template <class U>
  static View<U> matrix(View<U> x, Index h, Index begin, Index count) {
    const Index size = x.shape[2];
    return {x.data + (h * x.shape[1] + begin) * size, {count, size}};
  }
  View<const T> queries(const Tensor<T>& x, Index h, Index s) const {
    return matrix(x.view(), h, queries_->begin(s), queries_->length(s));
  }
  View<const T> keys(const Tensor<T>& x, Index h, Index s) const {
    return matrix(x.view(), h, keys_->begin(s), keys_->length(s));
  }
  View<const T> of_sequence(View<const T> p, Index s) const { return {p.data + first(s), p.shape}; }
  template <class U>
  static View<U> block(View<U> p, Index h, Index rows, Index others) {
    return {p.data + h * rows * others, {rows, others}};
  }
  /// 0 for the rows that a row sees, -infinity for later ones.
  Tensor<T> causal_mask(Device device) const {
    const Index steps = queries_->time_steps();
    auto mask = Tensor<T>::zeros({steps, steps});
    T* at = mask.mutable_view().data;
    for (Index row = 0; row < steps; ++row, at += steps)
      std::fill(at + row + 1, at + steps, -std::numeric_limits<T>::infinity());
    return mask.to(device);
  }

  std::shared_ptr<const SequenceLayout> queries_, keys_;
  AttentionOptions options_;
  T scale_;
  const Kernels<T>* all_;
  std::vector<Index> first_;  // element of the weights at which those of each sequence begin
  Index largest_ = 0;
};
}  // namespace detail

/// Scaled dot-product attention [Vaswani 2017] within sequences: softmax(q kᵀ / sqrt(size)) v for each sequence and
/// head. q.values [rows, heads size]; k.values [other rows, heads size]; v.values [other rows, heads value_size];
/// result values [rows, heads value_size]. Rows of sequence i of q see the rows of sequence i of k and v, which may
/// have other lengths unless `causal` is set. One node; memory is that of the weights of all rows. Of products and
/// softmax, which the CPU and GPUs have.
///
/// Throws ShapeError if shapes, numbers of sequences or, with `causal`, lengths do not match, and ValueError for
/// less than one head.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> scaled_dot_product_attention(const Ragged<Variable<T>>& q,
                                                               const Ragged<Variable<T>>& k,
                                                               const Ragged<Variable<T>>& v,
                                                               AttentionOptions options = {}) {
  const char* op = "scaled_dot_product_attention";
  detail::require_rows(op, q);
  detail::require_rows(op, k);
  detail::require_rows(op, v);
  if (options.heads < 1) fail<ValueError>(op, ": heads is ", options.heads, ", expected at least 1");
  const Index features = q.values.shape()[1];
  if (features < 1 || k.values.shape()[1] != features || features % options.heads != 0 ||
      v.values.shape()[1] < 1 || v.values.shape()[1] % options.heads != 0)
    fail<ShapeError>(op, ": queries ", q.values.shape(), ", keys ", k.values.shape(), ", values ",
                     v.values.shape(),
                     "; expected as many features of queries and keys, and equal parts for ", options.heads,
                     options.heads == 1 ? " head" : " heads");
  const auto same = [](const SequenceLayout& a, const SequenceLayout& b) {
    return &a == &b || std::ranges::equal(a.offsets(), b.offsets());
  };
  if (!same(*k.layout, *v.layout))
    fail<ShapeError>(op, ": keys and values of sequences of different lengths");
  if (q.sequences() != k.sequences() || (options.causal && !same(*q.layout, *k.layout)))
    fail<ShapeError>(op, ": ", q.sequences(), " sequences of ", q.layout->rows(), " queries, ", k.sequences(),
                     " of ", k.layout->rows(), " keys; expected as many",
                     options.causal ? ", of the same lengths" : "");
  const auto& all = kernels(op, q.values.value(), k.values.value(), v.values.value());
  const detail::Attention<T> attention(q.layout, k.layout, options, features / options.heads, all);
  const auto q_heads = attention.in_heads(attention.scaled(q.values.value()));
  const auto k_heads = attention.in_heads(k.values.value()), v_heads = attention.in_heads(v.values.value());
  const auto weights = attention.weights(q_heads, k_heads);
  const auto sums = attention.sums(weights, v_heads);
  auto y = Tensor<T>::uninitialized({q.layout->rows(), v.values.shape()[1]}, q.values.device());
  attention.from_heads(sums, y.mutable_view(), OutputMode::overwrite);
  auto rows = record(op, y, {q.values, k.values, v.values}, reads(),
                     [attention, q_heads, k_heads, v_heads, weights, &all](auto d_y, auto d) {
                       const auto made =
                           attention.backward(q_heads, k_heads, v_heads, weights, attention.in_heads(d_y[0]));
                       if (d[0].needed()) {
                         auto d_scaled = Tensor<T>::uninitialized(d[0].shape(), d_y[0].device());
                         attention.from_heads(made.q, d_scaled.mutable_view(), OutputMode::overwrite);
                         all.tensor.add_scaled(T(1), attention.scaled(d_scaled).view(), d[0].view());
                       }
                       if (d[1].needed()) attention.from_heads(made.k, d[1].view(), OutputMode::accumulate);
                       if (d[2].needed()) attention.from_heads(made.v, d[2].view(), OutputMode::accumulate);
                     });
  return {std::move(rows), q.layout};
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
