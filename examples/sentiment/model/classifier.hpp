// SPDX-License-Identifier: MIT
#pragma once
// A sentence classifier: an encoder and a linear layer on top.

#include "sentiment/model/encoders.hpp"
#include "sentiment/model/settings.hpp"

namespace sentiment {

template <Real T = float>
std::unique_ptr<Encoder<T>> make_encoder(ModelType type, const EncoderOptions& options) {
  switch (type) {
    case ModelType::rnn: return std::make_unique<RnnEncoder<T>>(options);
    case ModelType::cnn: return std::make_unique<CnnEncoder<T>>(options);
    case ModelType::bow: return std::make_unique<BowEncoder<T>>(options);
  }
  fail<Error>("model type ", static_cast<int>(type));
}

template <Real T = float>
class Classifier final : public nn::Module {
 public:
  /// `precision`: that of an LSTM's products, not int8.
  Classifier(const ModelSettings& s, Index words, Precision precision = Precision::fp32)
      : encoder(make_encoder<T>(s.type, {words, s.units, s.layers, s.dropout, precision})),
        output({.input_size = encoder->output_size(), .output_size = s.classes}) {}

  /// Scores before softmax [sentences, classes].
  Variable<T> operator()(const Tokens& sentences) const { return output(dropout((*encoder)(sentences))); }
  void visit_members(nn::MemberVisitor& visit) override { visit("encoder", *encoder)("output", output); }

  std::unique_ptr<Encoder<T>> encoder;
  nn::Dropout dropout{0.1};  ///< fixed in the Chainer scripts, not a setting
  nn::Linear<T> output;
};

}  // namespace sentiment
