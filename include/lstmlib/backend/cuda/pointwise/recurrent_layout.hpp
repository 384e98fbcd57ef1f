// SPDX-License-Identifier: MIT
#pragma once
// Converts weights, biases, inputs and gradients of a recurrent layer to the layout of its kernels and back:
// kernel bodies for host and device, called for one element of one row.

#include "lstmlib/backend/cuda/pointwise/recurrent_cells.hpp"

namespace lstmlib::inline LSTMLIB_ABI::pointwise {

/// Packs weights so that the rows of a unit's columns are adjacent: row unit columns + column of `packed`.
/// Zeros if no gate contributes to the column.
template <class T>
struct PackWeights {
  GateColumns cell;
  bool of_state;
  Index hidden_size, inner, columns;
  const T* weights;  ///< [gates hidden_size, inner]
  T* packed;         ///< [hidden_size columns, inner]

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index k) const {
    const Index gate = cell.gate(of_state, row % columns);
    packed[row * inner + k] = gate < 0 ? T(0) : weights[(gate * hidden_size + row / columns) * inner + k];
  }
};

/// The inverse for gradients, which are added to row gate hidden_size + unit of `d_weights`.
template <class T>
struct AddPackedWeights {
  GateColumns cell;
  bool of_state;
  Index hidden_size, inner, columns;
  const T* packed;  ///< [hidden_size columns, inner]
  T* d_weights;     ///< [gates hidden_size, inner]

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index k) const {
    const Index column = cell.column(of_state, row / hidden_size);
    d_weights[row * inner + k] += packed[(row % hidden_size * columns + column) * inner + k];
  }
};

/// Sums of both biases, one row per unit.
template <class T>
struct PackBiases {
  GateColumns cell;
  Index hidden_size, columns;
  const T *bias_input, *bias_hidden;  ///< [gates hidden_size], or null
  T* packed;                          ///< [hidden_size, columns]

  LSTMLIB_HOST_DEVICE void operator()(Index unit, Index column) const {
    const Index of_input = cell.gate(false, column), of_state = cell.gate(true, column);
    T sum = 0;
    if (bias_input && of_input >= 0) sum += bias_input[of_input * hidden_size + unit];
    if (bias_hidden && of_state >= 0) sum += bias_hidden[of_state * hidden_size + unit];
    packed[unit * columns + column] = sum;
  }
};

/// Row i of `partial` = sum of the `chunk` rows of x [rows, size] from row i chunk.
template <class T>
struct SumChunks {
  Index rows, size, chunk;
  const T* x;
  T* partial;  ///< [chunks, size]

  LSTMLIB_HOST_DEVICE void operator()(Index i, Index column) const {
    const Index last = (i + 1) * chunk < rows ? (i + 1) * chunk : rows;
    T sum = 0;
    for (Index row = i * chunk; row < last; ++row) sum += x[row * size + column];
    partial[i * size + column] = sum;
  }
};

/// Adds the sums of all chunks to the gradients of both biases, in a fixed order. Row 0; element gate
/// hidden_size + unit.
template <class T>
struct AddBiases {
  GateColumns cell;
  Index hidden_size, columns, chunks;
  const T* partial;                 ///< [chunks, hidden_size columns]
  T *d_bias_input, *d_bias_hidden;  ///< [gates hidden_size], or null

  LSTMLIB_HOST_DEVICE void operator()(Index, Index element) const {
    const Index gate = element / hidden_size, unit = element % hidden_size;
    if (d_bias_input) d_bias_input[element] += sum(unit * columns + cell.column(false, gate));
    if (d_bias_hidden) d_bias_hidden[element] += sum(unit * columns + cell.column(true, gate));
  }

 private:
  LSTMLIB_HOST_DEVICE T sum(Index column) const {
    T sum = 0;
    for (Index i = 0; i < chunks; ++i) sum += partial[i * hidden_size * columns + column];
    return sum;
  }
};

/// Row r of `to` = row places[r] of `from`, or zeros if `from` is null.
template <class T>
struct TakeRows {
  Index size;
  const std::int32_t* places;
  const T* from;
  T* to;

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    to[row * size + column] = from ? from[places[row] * size + column] : T(0);
  }
};

/// Row r of `to` = row before[r] of `hidden`. If before[r] is negative: row -1 - before[r] of `first`, or
/// zeros if `first` is null.
template <class T>
struct TakeStatesBefore {
  Index size;
  const std::int32_t* before;
  const T *hidden, *first;
  T* to;

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    const Index place = before[row];
    T state = 0;
    if (place >= 0) state = hidden[place * size + column];
    else if (first) state = first[(-1 - place) * size + column];
    to[row * size + column] = state;
  }
};

/// Row places[r] of `to` += row r of `from`. The places must be distinct.
template <class T>
struct AddToPlaces {
  Index size;
  const std::int32_t* places;
  const T* from;
  T* to;

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    to[places[row] * size + column] += from[row * size + column];
  }
};

}  // namespace lstmlib::pointwise
