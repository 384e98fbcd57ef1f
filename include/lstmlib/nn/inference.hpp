// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers packed for inference: no graph, and no allocation in steady state.

#include "lstmlib/nn/embedding.hpp"
#include "lstmlib/nn/recurrent.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct InferenceOptions {
  /// Type of the recurrent weights and of the states they multiply. Sums, cells and inputs are always
  /// float32. int8 has one scale per row of weights. Layers with relu use bf16 instead of int8, because their
  /// states are unbounded.
  Precision precision = Precision::fp32;
  /// Upper bound for the cache of input projections, which has one row per word. If the cache would be
  /// larger, input projections are computed when needed.
  std::size_t projection_cache_bytes = std::size_t{256} << 20;
};

/// A stack of recurrent layers packed for inference, with or without an embedding below it. It is immutable,
/// holds copies of all weights and applies no dropout. Several threads may use it at the same time.
///
///     const nn::InferenceRnn rnn(embedding, lstm, {.precision = Precision::bf16});
///     const std::vector<std::int32_t> words{12, 7, 431};
///     const std::vector<std::span<const std::int32_t>> sentences{words};
///     std::vector<float> states(sentences.size() * rnn.output_size());
///     rnn.last_hidden(sentences, states);
class InferenceRnn {
 public:
  /// Word ids of each sentence.
  using Sentences = std::span<const std::span<const std::int32_t>>;

  /// Packs layers whose input is rows of numbers [rows, input_size].
  template <std::same_as<float> T>
  explicit InferenceRnn(const RecurrentStack<T>& stack, const InferenceOptions& options = {})
      : InferenceRnn(static_cast<const Embedding<T>*>(nullptr), stack, options) {}
  /// Packs layers whose input is word ids. Throws ShapeError if the word vectors do not match the layers.
  template <std::same_as<float> T>
  InferenceRnn(const Embedding<T>& embedding, const RecurrentStack<T>& stack,
               const InferenceOptions& options = {})
      : InferenceRnn(&embedding, stack, options) {}

  Index input_size() const { return input_size_; }
  Index layers() const { return layers_; }
  Index hidden_size() const { return hidden_size_; }
  Index output_size() const { return directions_ * hidden_size_; }  ///< both directions joined
  Index directions() const { return directions_; }
  Index vocabulary_size() const { return vocabulary_; }  ///< 0 if inputs are rows of numbers
  /// Whether the input projections of all words are cached.
  bool has_projection_cache() const { return kernels().has_projection_cache(); }
  /// Memory of the packed weights and the cache.
  std::size_t bytes() const { return kernels().bytes(); }

  /// The last hidden state of the top layer, written to `result` [sequences, output_size]. The backward pass
  /// ends at the first row of a sequence. The last bits may depend on the other sequences and on the number
  /// of threads. Throws ShapeError for an empty sentence or a `result` of the wrong size. Throws IndexError
  /// for an id that is not in the table.
  void last_hidden(Sentences sentences, std::span<float> result) const;
  void last_hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const;
  /// The hidden state of the top layer at every time step, written to `result` [rows, output_size], sequence
  /// after sequence.
  void hidden(Sentences sentences, std::span<float> result) const;
  void hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const;

  /// For RnnStream. Throws Error if the layers were moved from.
  const InferenceStack& kernels() const;

 private:
  template <class T>
  InferenceRnn(const Embedding<T>* embedding, const RecurrentStack<T>& stack,
               const InferenceOptions& options) {
    stack.check_layers();
    const auto& bottom = stack.layers.front();
    input_size_ = bottom.input_size();
    hidden_size_ = bottom.hidden_size();
    directions_ = stack.directions;
    layers_ = std::ssize(stack.layers) / directions_;
    std::vector<InferenceLayerWeights> layers;
    for (const auto& layer : stack.layers) {
      lstmlib::kernels("pack_for_inference", bottom.weight_input.value(), layer.weight_input.value(),
                       layer.weight_hidden.value(), layer.bias_input.value(), layer.bias_hidden.value());
      layers.push_back({layer.weight_input.value().view(), layer.weight_hidden.value().view(),
                        layer.bias_input.value().view(), layer.bias_hidden.value().view(),
                        layer.parameters.value().view()});
    }
    if (stack.residual || (directions_ > 1 && stack.merge != Merge::concat))
      fail<ValueError>("pack_for_inference: layers with ",
                       stack.residual ? "residual connections" : "directions that are merged by element",
                       ", expected layers without; run them unpacked, in the scope of an Inference");
    if (options.precision != Precision::fp32 && options.precision != Precision::bf16 &&
        options.precision != Precision::int8)
      fail<ValueError>("InferenceOptions: precision is ", name_of(options.precision),
                       ", expected fp32, bf16 or int8");
    InferenceProblem problem{bottom.cell(),
                             directions_,
                             layers,
                             {},
                             ignore_none,
                             options.precision,
                             options.projection_cache_bytes};
    if (embedding) {
      const auto& words = embedding->weight;
      if (!words.value() || words.shape().rank() != 2 || words.shape()[1] != input_size_)
        fail<ShapeError>("pack_for_inference: word vectors ", words.shape(), ", the layers expect ",
                         input_size_, " features");
      lstmlib::kernels("pack_for_inference", bottom.weight_input.value(), words.value());
      vocabulary_ = words.shape()[0];
      problem.words = words.value().view();
      problem.ignore = embedding->ignore;
      ignore_ = embedding->ignore;
    }
    device_ = bottom.weight_input.device();
    stack_ = lstmlib::pack_for_inference<T>(device_.backend(), device_.number(), problem);
  }

  Index check_sentences(Sentences sentences) const;
  void check_rows(const Ragged<Tensor<float>>& x) const;
  void check_result(std::span<float> result, Index rows) const;

  std::unique_ptr<const InferenceStack> stack_;
  Device device_;
  Index input_size_ = 0, hidden_size_ = 0, directions_ = 1, layers_ = 1, vocabulary_ = 0;
  std::int32_t ignore_ = ignore_none;
};

/// Runs packed layers over one sequence step by step and carries the states along, for input that arrives
/// over time. A step allocates nothing.
///
///     nn::RnnStream stream(rnn);
///     for (const std::int32_t word : words) {
///       const std::span<const float> state = stream.step(word);  // [hidden_size]
///     }
///
/// A copy continues independently from the same states, as for beam search. Use a stream in one thread only.
/// Several streams may share the layers, which must outlive them and must not be moved.
class RnnStream {
 public:
  /// Starts at zero states. Throws ShapeError for bidirectional layers: their backward pass starts at the
  /// end.
  explicit RnnStream(const InferenceRnn& layers);
  explicit RnnStream(InferenceRnn&& give_the_layers_a_name) = delete;  // a temporary would be destroyed
  RnnStream(const RnnStream& other);
  RnnStream& operator=(const RnnStream& other);
  RnnStream(RnnStream&&) = default;
  RnnStream& operator=(RnnStream&&) = default;

  /// Processes one row [input_size] or one word. Returns the top layer's hidden state [hidden_size], valid
  /// until the next step. Throws ShapeError for a row of the wrong size and IndexError for an id that is not
  /// in the table.
  std::span<const float> step(std::span<const float> row);
  std::span<const float> step(std::int32_t word);
  /// Starts a new sequence with zero states.
  void reset();

  Index steps() const { return count_; }  ///< since the start of the sequence
  /// The states of a layer [hidden_size]; cell() is empty unless it is an LSTM. Throws IndexError if the
  /// layer does not exist.
  std::span<const float> hidden(Index layer) const;
  std::span<const float> cell(Index layer) const { return cell(layer, 0); }
  /// The same for a custom cell of several states: `which` counts those besides the hidden state from 0.
  /// Empty if there is no such state.
  std::span<const float> cell(Index layer, Index which) const;

 private:
  std::span<const float> step(const float* row, std::int32_t word);
  void check_layer(Index layer) const;
  std::span<const float> state(const float* data) const {
    return {data, data ? static_cast<std::size_t>(layers_->hidden_size()) : 0};
  }

  const InferenceRnn* layers_;
  Tensor<float> memory_;
  Index count_ = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/nn/inference.inl"
#endif
