// SPDX-License-Identifier: MIT
#pragma once
// The GRU cell, forward and backward, beside lstm_cell.hpp  [Cho 2014, in the form of cuDNN and Chainer's NStepGRU]:
//   r = sigmoid(..), z = sigmoid(..), n = tanh(x_n + r q), q the recurrent part of the candidate;  h' = (1 - z) n + z h.

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/activation.hpp"

namespace lstmlib::math {

template <class T> struct GruForward { T reset, update, candidate, hidden; };
template <class T> struct GruBackward { T d_reset, d_update, d_candidate, d_recurrent, d_hidden; };

/// `reset`, `update`: sums of both parts; `candidate`: the input's part; `recurrent`: q; `h`: the state before.
template <class T>
LSTMLIB_HOST_DEVICE GruForward<T> gru_cell_forward(const T& reset, const T& update, const T& candidate,
                                                   const T& recurrent, const T& h) {
  const T r = sigmoid(reset), z = sigmoid(update);
  const T n = hyperbolic_tangent(candidate + r * recurrent);
  return {r, z, n, (T(1) - z) * n + z * h};
}

/// Gradients of the sums before the nonlinearities (d_recurrent: of q), and the part of the state's that does not pass
/// through them.
template <class T>
LSTMLIB_HOST_DEVICE GruBackward<T> gru_cell_backward(const T& r, const T& z, const T& n, const T& recurrent,
                                                     const T& h, const T& d_h) {
  const T d_n = d_h * (T(1) - z) * Tanh{}.derivative(n);
  return {d_n * recurrent * Sigmoid{}.derivative(r), d_h * (h - n) * Sigmoid{}.derivative(z), d_n, d_n * r, d_h * z};
}

}  // namespace lstmlib::math
