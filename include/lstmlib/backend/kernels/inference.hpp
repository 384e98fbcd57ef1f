// SPDX-License-Identifier: MIT
#pragma once
// Stacks of recurrent layers packed for inference: weights are packed once, in a layout private to the back
// end. Float32 only.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/base/precision.hpp"

#include <span>

namespace lstmlib::inline LSTMLIB_ABI {

/// Weights of one layer and direction. Shapes as in RecurrentProblem.
struct InferenceLayerWeights {
  View<const float> weight_input, weight_hidden, bias_input, bias_hidden, parameters = {};
};

/// Input of packing. Packing copies all of it, so nothing has to outlive the call.
struct InferenceProblem {
  CellType<float> cell;
  Index directions;                               ///< 1 or 2; the second reads each sequence from its end
  std::span<const InferenceLayerWeights> layers;  ///< layer l, direction d is at l directions + d
  View<const float> words;                 ///< embedding [vocabulary, input_size]; null: inputs are vectors
  std::int32_t ignore = ignore_none;       ///< the id whose vector is zero
  Precision precision = Precision::fp32;   ///< of the recurrent weights
  std::size_t projection_cache_bytes = 0;  ///< upper bound of the cache of input projections
};

/// Sequences of token ids if the stack has an embedding, else rows of vectors.
struct InferenceInput {
  std::span<const std::span<const std::int32_t>> sentences;
  View<const float> values;                ///< [rows, input_size]
  const SequenceLayout* layout = nullptr;  ///< of the rows of `values`

  Index sequences() const { return layout ? layout->sequences() : std::ssize(sentences); }
  Index length(Index i) const {
    return layout ? layout->length(i) : std::ssize(sentences[static_cast<std::size_t>(i)]);
  }
};

/// Hidden states of the top layer, both directions concatenated. Null: not needed.
struct InferenceResult {
  /// After each time step: [rows, directions hidden_size], sequences one after another.
  View<float> hidden;
  /// After the last time step of each direction: [sequences, directions hidden_size].
  View<float> last_hidden;
};

/// Packed layers. Immutable, so threads may share one. Allocates nothing once each thread has run its largest
/// problem.
class InferenceStack {
 public:
  virtual ~InferenceStack() = default;
  /// Does not check the input: every sequence must have a token, and every id must be in the vocabulary.
  virtual void forward(const InferenceInput& input, const InferenceResult& result) const = 0;

  /// Number of floats that a stream keeps between steps. Streams are aligned to 64 bytes.
  virtual Index stream_size() const = 0;
  /// Runs time step `count` (from 0) of a sequence through all layers. Reads token `word` if `row` is null.
  virtual void step(const float* row, std::int32_t word, Index count, float* stream) const = 0;
  /// State of a layer after a step: [hidden_size]. The cell state is null unless the cell is an LSTM. A custom
  /// cell may have several: `which` counts from 0.
  virtual const float* stream_hidden(Index layer, const float* stream) const = 0;
  virtual const float* stream_cell(Index layer, const float* stream, Index which) const = 0;

  virtual std::size_t bytes() const = 0;          ///< of weights and caches
  virtual bool has_projection_cache() const = 0;  ///< whether the input projections fitted the limit
};

}  // namespace lstmlib::inline LSTMLIB_ABI
