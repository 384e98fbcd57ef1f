// SPDX-License-Identifier: MIT
#pragma once
// What the persistent LSTM kernels receive: arrays in device memory.
//
// A token is a row in time-major order, the longest sequences first, as SequenceLayout orders them: the token of
// step t of the sequence at place p is offsets[t] + p. Nothing is padded. `rows` leads from tokens to rows of
// the batch; a reverse direction differs in nothing else. The gates of a unit stand side by side, in the
// order input, forget, cell, output.

#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The lengths of a batch.
struct PlacedSequences {
  const std::int32_t* offsets;    ///< [steps + 1] first tokens of the steps
  const std::int32_t* lengths;    ///< [count] of the places, falling
  const std::int32_t* sequences;  ///< [count] of the places: rows of first and last states
  int count;
};

/// One direction of a layer, forward. `gates` may be `sums`: who reads an element writes it.
struct ForwardDirection {
  const std::uint32_t* weights;  ///< of pack_weights
  const float* weight_factor;    ///< of pack_weights: what products are multiplied with, a power of two
  const float* bias;             ///< [hidden, 4] or null
  const float* sums;             ///< [tokens, hidden, 4] inputs times weights
  const float* initial_hidden;   ///< [count, hidden] or null: zeros
  const float* initial_cell;     ///< [count, hidden] or null: zeros
  const std::int32_t* rows;      ///< [count] rows of `hidden` of the places at step 0
  int row_step;                  ///< from a row to that of the next step: 1, or -1 if reverse
  float* hidden;                 ///< [rows, hidden]
  float* last_hidden;            ///< [count, hidden] or null
  float* last_cell;              ///< [count, hidden] or null
  float* gates;                  ///< [tokens, hidden, 4] after their nonlinearities; null: nothing is kept
  float* cells;                  ///< [tokens, hidden] after each token; null where gates is
};

struct ClusterForward {
  ForwardDirection directions[2];  ///< as many as the grid is high
  PlacedSequences sequences;
  int hidden_size;
};

/// One direction, backward. `d_gates` may be `gates`.
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
  float* d_gates;              ///< [tokens, hidden, 4] of the sums before the nonlinearities
  float* d_first_hidden;       ///< [count, hidden] to be added to; or null
  float* d_first_cell;         ///< [count, hidden] to be added to; or null
};

struct ClusterBackward {
  BackwardDirection directions[2];
  PlacedSequences sequences;
  int hidden_size;
};

}  // namespace lstmlib::cuda
