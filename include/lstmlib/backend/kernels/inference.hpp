// SPDX-License-Identifier: MIT
#pragma once
// Stacks of recurrent layers made ready for inference: weights packed once, in a layout that only the back
// end knows. Float32 alone.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/base/precision.hpp"

#include <span>

namespace lstmlib::inline LSTMLIB_ABI {

/// One layer in one direction: shapes as in RecurrentProblem.
struct InferenceLayerWeights {
  View<const float> weight_input, weight_hidden, bias_input, bias_hidden;
};

/// What is packed. Nothing of it is needed afterwards.
struct InferenceProblem {
  RecurrentCell cell;
  Index directions;                               ///< 1 or 2; the second starts at the end of each sequence
  std::span<const InferenceLayerWeights> layers;  ///< layer directions + direction
  View<const float> words;                 ///< [vocabulary, input_size]; null: inputs are rows of numbers
  std::int32_t ignore = ignore_none;       ///< the word whose vector is zero
  Precision precision = Precision::fp32;   ///< of the recurrent weights
  std::size_t projection_cache_bytes = 0;  ///< at most, of precomputed input projections
};

/// Sentences of word ids where the stack has words, else rows of numbers.
struct InferenceInput {
  std::span<const std::span<const std::int32_t>> sentences;
  View<const float> values;                ///< [rows, input_size]
  const SequenceLayout* layout = nullptr;  ///< of the rows

  Index sequences() const { return layout ? layout->sequences() : std::ssize(sentences); }
  Index length(Index i) const {
    return layout ? layout->length(i) : std::ssize(sentences[static_cast<std::size_t>(i)]);
  }
};

/// Hidden states of the top layer, those of both directions side by side. Null: not needed.
struct InferenceResult {
  /// After each row [rows, directions hidden_size], rows of a sequence one after another.
  View<float> hidden;
  /// After the last row of a direction's pass [sequences, directions hidden_size].
  View<float> last_hidden;
};

/// Immutable: several threads may use one at the same time. Nothing is allocated once each thread has met its
/// largest problem.
class InferenceStack {
 public:
  virtual ~InferenceStack() = default;
  /// The input is not checked: no sequence is empty and every id is a word.
  virtual void forward(const InferenceInput& input, const InferenceResult& result) const = 0;

  /// Numbers that a stream keeps between its steps, aligned to 64 bytes.
  virtual Index stream_size() const = 0;
  /// Step number `count` (from 0) of a sequence, all layers. `word`, where `row` is null.
  virtual void step(const float* row, std::int32_t word, Index count, float* stream) const = 0;
  /// States of a layer in a stream after a step [hidden_size]; cell: lstm, else null.
  virtual const float* stream_hidden(Index layer, const float* stream) const = 0;
  virtual const float* stream_cell(Index layer, const float* stream) const = 0;

  virtual std::size_t bytes() const = 0;          ///< of weights and tables
  virtual bool has_projection_cache() const = 0;  ///< whether the projections were small enough for a cache
};

}  // namespace lstmlib::inline LSTMLIB_ABI
