// SPDX-License-Identifier: MIT
#pragma once
// Layers of attention over the rows of sequences: a weighted mean, and several heads.

#include "lstmlib/nn/linear.hpp"
#include "lstmlib/ops/activation.hpp"
#include "lstmlib/ops/attention.hpp"
#include "lstmlib/ops/over_time.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct AttentionPoolingOptions {
  Index input_size;          ///< features of a row
  Index attention_size = 0;  ///< features of the projection that the query sees; 0: the rows themselves

  /// Throws ValueError for an input_size below 1 or a negative attention_size.
  void check() const {
    lstmlib::detail::require_size("AttentionPoolingOptions", "input_size", input_size);
    if (attention_size < 0)
      lstmlib::detail::refuse_option("AttentionPoolingOptions", "attention_size", attention_size,
                                     "at least 0");
  }
};

/// One row for each sequence: the mean of its rows, weighted by how well they fit a query q that is learned. The
/// weight of row x is the softmax over time of q x or, with an attention_size, of q tanh(W x + b) [Yang 2016]. The
/// initial q and W are lecun_normal, the initial b 0.
///
///     nn::AttentionPooling<> pool({.input_size = 300, .attention_size = 100});
///     Variable<float> y = pool(lstm(x).hidden);  // [sequences, 300]
template <Real T = float>
class AttentionPooling : public Module {
 public:
  explicit AttentionPooling(AttentionPoolingOptions o) {
    o.check();
    if (o.attention_size > 0) {
      weight = Parameter<T>(lecun_normal<T>({o.attention_size, o.input_size}));
      bias = Parameter<T>(Tensor<T>::zeros({o.attention_size}));
    }
    query = Parameter<T>(lecun_normal<T>({1, o.attention_size > 0 ? o.attention_size : o.input_size}));
  }

  /// x.values [rows, input_size]; result [sequences, input_size].
  [[nodiscard]] Variable<T> operator()(const Ragged<Variable<T>>& x) const {
    const auto of_rows = weights(x);
    return ops::sum_over_time(x.with(x.values * of_rows.values));
  }
  /// What each row counts: values [rows, 1], which add up to 1 in each sequence.
  [[nodiscard]] Ragged<Variable<T>> weights(const Ragged<Variable<T>>& x) const {
    ops::detail::require_rows("AttentionPooling", x);
    const auto seen = weight ? ops::tanh(ops::linear(x.values, weight, bias)) : x.values;
    return ops::softmax_over_time(x.with(ops::linear(seen, query)));
  }

  void visit_members(MemberVisitor& visit) override { visit("W", weight)("b", bias)("query", query); }

  Parameter<T> weight;  ///< [attention_size, input_size] or absent
  Parameter<T> bias;    ///< [attention_size] or absent
  Parameter<T> query;   ///< [1, attention_size], or [1, input_size]
};

struct MultiheadAttentionOptions {
  Index input_size;     ///< features of a row
  Index heads = 1;      ///< a divisor of input_size
  bool causal = false;  ///< a row sees no later row of its sequence
  bool bias = true;

  /// Throws ValueError for a size or number of heads below 1, or heads that do not divide input_size.
  void check() const {
    lstmlib::detail::require_size("MultiheadAttentionOptions", "input_size", input_size);
    lstmlib::detail::require_size("MultiheadAttentionOptions", "heads", heads);
    if (input_size % heads != 0)
      fail<ValueError>("MultiheadAttentionOptions: heads is ", heads, ", expected a divisor of input_size, ",
                       input_size);
  }
};

/// Attention of several heads [Vaswani 2017]: linear maps give queries, keys and values; the heads' weighted sums
/// of values are joined and mapped once more. Each sequence sees only itself. The weights of the maps are
/// initially lecun_normal, the biases 0. See ops::scaled_dot_product_attention.
///
///     nn::MultiheadAttention<> attention({.input_size = 300, .heads = 6, .causal = true});
///     const auto y = attention(x);  // x.values [rows, 300], y.values too
template <Real T = float>
class MultiheadAttention : public Module {
 public:
  explicit MultiheadAttention(MultiheadAttentionOptions o)
      : query(map(o)), key(map(o)), value(map(o)), output(map(o)), options{o.heads, o.causal} {}

  /// Self-attention. x.values [rows, input_size]; the result has that shape.
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const { return (*this)(x, x); }
  /// Attention of sequence i of x to sequence i of `memory`, whose values are [other rows, input_size].
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x,
                                               const Ragged<Variable<T>>& memory) const {
    return output(ops::scaled_dot_product_attention(query(x), key(memory), value(memory), options));
  }

  void visit_members(MemberVisitor& visit) override {
    visit("query", query)("key", key)("value", value)("output", output);
  }

  Linear<T> query, key, value, output;  ///< [input_size, input_size] each
  ops::AttentionOptions options;        ///< heads, causal

 private:
  static Linear<T> map(const MultiheadAttentionOptions& o) {
    o.check();
    return Linear<T>({.input_size = o.input_size, .output_size = o.input_size, .bias = o.bias});
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
