// SPDX-License-Identifier: MIT
#pragma once
// Arguments of the persistent LSTM kernels: arrays in device memory.
//
// A token is a row in time-major order, longest sequences first, like in SequenceLayout: the token of step t
// of the sequence at place p is offsets[t] + p. There is no padding. `rows` maps tokens to rows of the batch;
// a reverse direction differs in nothing else. The gates of a unit are adjacent, in the order input, forget,
// cell, output.

#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The lengths of a batch. A place is an index in the order by descending length.
struct PlacedSequences {
  const std::int32_t* offsets;    ///< [steps + 1] first token of each step
  const std::int32_t* lengths;    ///< [count] by place, descending
  const std::int32_t* sequences;  ///< [count] by place: rows of initial and last states
  int count;
};

/// One direction of a layer, forward. `gates` may alias `projections`: the same thread reads and writes an
/// element.
struct ForwardDirection {
  const std::uint32_t* weights;  ///< of pack_weights
  const float* weight_factor;    ///< of pack_weights: factor for the products, a power of two
  const float* bias;             ///< [hidden, 4] or null
  const float* projections;      ///< [tokens, hidden, 4] input projections without biases
  const float* initial_hidden;   ///< [count, hidden] or null: zeros
  const float* initial_cell;     ///< [count, hidden] or null: zeros
  const std::int32_t* rows;      ///< [count] by place: row of `hidden` at step 0
  int row_step;                  ///< from a row to the next step's: 1, or -1 if reverse
  float* hidden;                 ///< [rows, hidden]
  float* last_hidden;            ///< [count, hidden] or null
  float* last_cell;              ///< [count, hidden] or null
  float* gates;                  ///< [tokens, hidden, 4] activated gates; null: nothing is saved
  float* cells;                  ///< [tokens, hidden] after each token; null if `gates` is
};

struct ClusterForward {
  ForwardDirection directions[2];  ///< as many as the grid has in y
  PlacedSequences sequences;
  int hidden_size;
};

/// One direction, backward. `d_gates` may alias `gates`.
struct BackwardDirection {
  const std::uint32_t* weights;
  const float* weight_factor;
  const float* gates;          ///< of forward
  const float* cells;          ///< of forward
  const float* initial_cell;   ///< as in forward
  const std::int32_t* rows;    ///< as in forward
  int row_step;                ///< as in forward
  const float* d_hidden;       ///< [rows, hidden] or null: zeros
  const float* d_last_hidden;  ///< [count, hidden] or null: zeros
  const float* d_last_cell;    ///< [count, hidden] or null: zeros
  float* d_gates;              ///< [tokens, hidden, 4] gradients of the pre-activations
  float* d_initial_hidden;     ///< [count, hidden] to add to, or null
  float* d_initial_cell;       ///< [count, hidden] to add to, or null
};

struct ClusterBackward {
  BackwardDirection directions[2];
  PlacedSequences sequences;
  int hidden_size;
};

}  // namespace lstmlib::cuda
