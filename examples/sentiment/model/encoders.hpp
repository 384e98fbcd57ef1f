// SPDX-License-Identifier: MIT
#pragma once
// The three encoders, which turn sentences into vectors: recurrent network, convolutions, bag of words. The
// members' names are the keys in model files, the same as in the Chainer scripts.

#include <lstmlib/core.hpp>

#include <memory>

namespace sentiment {

using namespace lstmlib;

/// Maps each sentence to a vector.
template <Real T = float>
class Encoder : public nn::Module {
 public:
  /// [sentences, output_size()]
  virtual Variable<T> operator()(const Tokens& sentences) const = 0;
  virtual Index output_size() const = 0;
  virtual Index words() const = 0;  ///< in the vocabulary
};

struct EncoderOptions {
  Index words;                            ///< vocabulary size
  Index units;                            ///< size of embeddings and layers
  Index layers;                           ///< of the LSTM, or of the perceptron after convolutions or bag
  double dropout;                         ///< ratio, 0 to below 1
  Precision precision = Precision::fp32;  ///< of an LSTM's products; not int8
};

namespace detail {
template <Real T>
nn::Embedding<T> make_embedding(const EncoderOptions& o) {
  return nn::Embedding<T>({.vocabulary_size = o.words, .output_size = o.units},
                          nn::uniform<T>({o.words, o.units}, 0.25));
}
}  // namespace detail

/// The last hidden state of an LSTM's top layer.
template <Real T = float>
class RnnEncoder final : public Encoder<T> {
 public:
  explicit RnnEncoder(EncoderOptions o)
      : embedding(detail::make_embedding<T>(o)),
        dropout{o.dropout},
        lstm({.input_size = o.units,
              .hidden_size = o.units,
              .layers = o.layers,
              .dropout = o.dropout,
              .precision = o.precision}) {}

  Variable<T> operator()(const Tokens& sentences) const override {
    return lstm(embedding(sentences, dropout)).last_hidden();
  }
  Index output_size() const override { return lstm.layers[0].hidden_size(); }
  Index words() const override { return embedding.weight.shape()[0]; }
  void visit_members(nn::MemberVisitor& visit) override { visit("embed", embedding)("encoder", lstm); }

  nn::Embedding<T> embedding;
  nn::Dropout dropout;
  nn::Lstm<T> lstm;
};

/// A stack of linear layers, each preceded by dropout and followed by relu.
template <Real T = float>
class Perceptron final : public nn::Module {
 public:
  Perceptron(Index count, Index size, double ratio) : dropout{ratio} {
    for (Index layer = 0; layer < count; ++layer)
      layers.push_back(nn::Linear<T>({.input_size = size, .output_size = size}));
  }
  /// x [rows, size]; result [rows, size].
  Variable<T> operator()(Variable<T> x) const {
    for (const auto& layer : layers) x = ops::relu(layer(dropout(x)));
    return x;
  }
  void visit_members(nn::MemberVisitor& visit) override { visit(layers); }

  std::vector<nn::Linear<T>> layers;
  nn::Dropout dropout;
};

/// Convolutions with windows of 3, 4 and 5 words, the maximum of each filter over the sentence, then a
/// perceptron [Kim 2014].
template <Real T = float>
class CnnEncoder final : public Encoder<T> {
 public:
  explicit CnnEncoder(EncoderOptions o)
      : embedding(detail::make_embedding<T>(o)),
        dropout{o.dropout},
        window3({o.units, o.units / 3, 3}),
        window4({o.units, o.units / 3, 4}),
        window5({o.units, o.units / 3, 5}),
        perceptron(o.layers, 3 * (o.units / 3), o.dropout) {
    if (o.units < 3) fail<ShapeError>("cnn: ", o.units, " units, at least 3 expected");
  }

  Variable<T> operator()(const Tokens& sentences) const override {
    const auto words = embedding(sentences, dropout);
    const Variable<T> found =
        ops::concat<T>({ops::max_over_time(window3(words)), ops::max_over_time(window4(words)),
                        ops::max_over_time(window5(words))});
    return perceptron(dropout(ops::relu(found)));
  }
  Index output_size() const override { return 3 * window3.weight.shape()[0]; }
  Index words() const override { return embedding.weight.shape()[0]; }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embed", embedding)("cnn_w3", window3)("cnn_w4", window4)("cnn_w5", window5)("mlp", perceptron);
  }

  nn::Embedding<T> embedding;
  nn::Dropout dropout;
  nn::TextConvolution<T> window3, window4, window5;
  Perceptron<T> perceptron;
};

/// The mean of the word vectors, then a perceptron.
template <Real T = float>
class BowEncoder final : public Encoder<T> {
 public:
  explicit BowEncoder(EncoderOptions o)
      : embedding(detail::make_embedding<T>(o)), perceptron(o.layers, o.units, o.dropout) {}

  Variable<T> operator()(const Tokens& sentences) const override {
    return perceptron(ops::mean_over_time(embedding(sentences)));
  }
  Index output_size() const override { return embedding.weight.shape()[1]; }
  Index words() const override { return embedding.weight.shape()[0]; }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("bow_encoder/embed", embedding)("mlp_encoder", perceptron);
  }

  nn::Embedding<T> embedding;
  Perceptron<T> perceptron;
};

}  // namespace sentiment
