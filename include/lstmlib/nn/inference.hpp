// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers made ready for inference: weights packed once, no graph, no allocation in steady state.

#include "lstmlib/nn/embedding.hpp"
#include "lstmlib/nn/recurrent.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct InferenceOptions {
  /// Of the recurrent weights and the states they multiply; sums, cells and inputs are float32 always. int8:
  /// one scale for each row of weights; layers with relu, whose states have no bound, take bf16 instead.
  Precision precision = Precision::fp32;
  /// Upper bound for the cache of precomputed input projections: one row for each word. Where it would be
  /// larger, projections are computed as they are needed.
  std::size_t projection_cache_bytes = std::size_t{256} << 20;
};

/// A stack of recurrent layers, perhaps with a table of word vectors under it. Immutable, holds copies of all
/// weights; several threads may use one at the same time. Dropout is left out.
class InferenceRnn {
 public:
  using Sentences = std::span<const std::span<const std::int32_t>>;

  /// Of rows [rows, input_size].
  template <std::same_as<float> T>
  explicit InferenceRnn(const RecurrentStack<T>& stack, const InferenceOptions& options = {})
      : InferenceRnn(static_cast<const Embedding<T>*>(nullptr), stack, options) {}
  /// Of word ids. Throws ShapeError where the word vectors are not as long as the stack expects.
  template <std::same_as<float> T>
  InferenceRnn(const Embedding<T>& embedding, const RecurrentStack<T>& stack,
               const InferenceOptions& options = {})
      : InferenceRnn(&embedding, stack, options) {}

  Index input_size() const { return input_size_; }
  Index layers() const { return layers_; }
  Index hidden_size() const { return hidden_size_; }
  Index output_size() const { return directions_ * hidden_size_; }  ///< of both directions, side by side
  Index directions() const { return directions_; }
  Index vocabulary_size() const { return vocabulary_; }  ///< 0: inputs are rows of numbers
  bool has_projection_cache() const {
    return kernels().has_projection_cache();
  }  ///< of precomputed input projections
  std::size_t bytes() const { return kernels().bytes(); }

  /// The top layer's hidden state after each sequence [sequences, output_size]; that of the backward pass is
  /// after its first row. Throws ShapeError for a sentence without words and a result of another size,
  /// IndexError for a word that is not in the table. Results may differ in the last bits with the other
  /// sequences and the number of threads.
  void last_hidden(Sentences sentences, std::span<float> result) const {
    check_sentences(sentences);
    check_result(result, std::ssize(sentences));
    kernels().forward({sentences, {}, nullptr},
                      {{}, {result.data(), {std::ssize(sentences), output_size()}}});
  }
  void last_hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const {
    check_rows(x);
    check_result(result, x.sequences());
    kernels().forward({{}, x.values.view(), x.layout.get()},
                      {{}, {result.data(), {x.sequences(), output_size()}}});
  }
  /// The same after every row [rows, output_size], sequence by sequence.
  void hidden(Sentences sentences, std::span<float> result) const {
    const Index rows = check_sentences(sentences);
    check_result(result, rows);
    kernels().forward({sentences, {}, nullptr}, {{result.data(), {rows, output_size()}}, {}});
  }
  void hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const {
    check_rows(x);
    check_result(result, x.layout->rows());
    kernels().forward({{}, x.values.view(), x.layout.get()},
                      {{result.data(), {x.layout->rows(), output_size()}}, {}});
  }

  /// For RnnStream. Throws Error if these layers were moved away.
  const InferenceStack& kernels() const {
    if (!stack_) fail<Error>("inference: the layers were moved away");
    return *stack_;
  }

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
                        layer.bias_input.value().view(), layer.bias_hidden.value().view()});
    }
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

  Index check_sentences(Sentences sentences) const {
    if (vocabulary_ == 0) fail<ShapeError>("inference: words, rows of ", input_size_, " numbers expected");
    Index rows = 0;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      if (sentences[i].empty()) fail<ShapeError>("inference: sentence ", i, " has no words");
      for (const std::int32_t id : sentences[i])
        if ((id < 0 || id >= vocabulary_) && id != ignore_)
          fail<IndexError>("inference: sentence ", i, " has word ", id, ", expected 0 to ", vocabulary_ - 1);
      rows += std::ssize(sentences[i]);
    }
    return rows;
  }
  void check_rows(const Ragged<Tensor<float>>& x) const {
    if (vocabulary_ > 0) fail<ShapeError>("inference: rows of numbers, words expected");
    ops::detail::require_rows("inference", x);
    if (x.values.device() != device_)
      fail<DeviceError>("inference: the input is on ", x.values.device(), ", the layers are on ", device_);
    if (x.values.shape() != Shape{x.layout->rows(), input_size_})
      fail<ShapeError>("inference: input ", x.values.shape(), ", expected [", x.layout->rows(), ", ",
                       input_size_, "]");
  }
  void check_result(std::span<float> result, Index rows) const {
    if (std::ssize(result) != rows * output_size())
      fail<ShapeError>("inference: room for ", result.size(), " numbers, expected ", rows, " times ",
                       output_size());
  }

  std::unique_ptr<const InferenceStack> stack_;
  Device device_;
  Index input_size_ = 0, hidden_size_ = 0, directions_ = 1, layers_ = 1, vocabulary_ = 0;
  std::int32_t ignore_ = ignore_none;
};

/// One sequence step by step, with the states of all layers carried along: for input that arrives over time.
/// No allocation and no graph. A copy goes on by itself from the same states, as beams of a search do. Not
/// shared between threads; the layers may be, and must live longer and not be moved.
class RnnStream {
 public:
  /// Of an LSTM, a GRU or a plain RNN. Throws ShapeError where there is a backward pass: it starts at the
  /// end.
  explicit RnnStream(const InferenceRnn& layers)
      : layers_(&layers), memory_(Tensor<float>::zeros({layers.kernels().stream_size()})) {
    if (layers.directions() != 1)
      fail<ShapeError>("stream: the layers have a backward pass, which starts at the end");
  }
  explicit RnnStream(InferenceRnn&& give_the_layers_a_name) = delete;  // they would be gone
  RnnStream(const RnnStream& other)
      : layers_(other.layers_), memory_(other.memory_.clone()), count_(other.count_) {}
  RnnStream& operator=(const RnnStream& other) {
    if (this != &other) *this = RnnStream(other);
    return *this;
  }
  RnnStream(RnnStream&&) = default;
  RnnStream& operator=(RnnStream&&) = default;

  /// Takes in one row [input_size], or one word, and returns the top layer's hidden state [hidden_size],
  /// which stays until the next step. Throws ShapeError for a row of another size, IndexError for a word that
  /// is not in the table.
  std::span<const float> step(std::span<const float> row) {
    if (layers_->vocabulary_size() > 0) fail<ShapeError>("stream: a row of numbers, a word expected");
    if (std::ssize(row) != layers_->input_size())
      fail<ShapeError>("stream: ", row.size(), " numbers, expected ", layers_->input_size());
    return step(row.data(), 0);
  }
  std::span<const float> step(std::int32_t word) {
    if (layers_->vocabulary_size() == 0) fail<ShapeError>("stream: a word, a row of numbers expected");
    if (word < 0 || word >= layers_->vocabulary_size())
      fail<IndexError>("stream: word ", word, ", expected 0 to ", layers_->vocabulary_size() - 1);
    return step(nullptr, word);
  }
  /// Begins a new sequence.
  void reset() {
    count_ = 0;
    for (float& value : memory_.mutable_values()) value = 0;
  }

  Index steps() const { return count_; }  ///< since the begin of the sequence
  /// States of a layer [hidden_size]; cell: of an LSTM, else empty. Throws IndexError for a layer that is not
  /// there.
  std::span<const float> hidden(Index layer) const {
    check_layer(layer);
    return state(layers_->kernels().stream_hidden(layer, memory_.view().data));
  }
  std::span<const float> cell(Index layer) const {
    check_layer(layer);
    return state(layers_->kernels().stream_cell(layer, memory_.view().data));
  }

 private:
  std::span<const float> step(const float* row, std::int32_t word) {
    layers_->kernels().step(row, word, count_++, memory_.mutable_view().data);
    return hidden(layers_->layers() - 1);
  }
  void check_layer(Index layer) const {
    if (layer < 0 || layer >= layers_->layers())
      fail<IndexError>("stream: layer ", layer, ", expected 0 to ", layers_->layers() - 1);
  }
  std::span<const float> state(const float* data) const {
    return {data, data ? static_cast<std::size_t>(layers_->hidden_size()) : 0};
  }

  const InferenceRnn* layers_;
  Tensor<float> memory_;
  Index count_ = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
