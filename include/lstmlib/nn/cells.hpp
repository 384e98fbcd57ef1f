// SPDX-License-Identifier: MIT
#pragma once
// Variants of the LSTM as cells of CellRnn: with peepholes, and with coupled gates.

#include "lstmlib/nn/cell.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// LSTM whose gates see the cell state of their unit [Gers 2002]:
///
///     i, f = sigmoid(W x + b + U h + d + p c),  g = tanh(W x + b + U h + d)
///     c' = f c + i g,  o = sigmoid(W x + b + U h + d + p c'),  h' = o tanh(c')
///
/// Gates: input, forget, cell, output. Parameters: p of input, forget, output; they begin as 0.
struct PeepholeLstmCell {
  static constexpr int gates = 4, states = 2, parameters = 3, saved = 6;

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto c = s.before[1];
    const auto i = sigmoid(s.sum[0] + s.parameter[0] * c), f = sigmoid(s.sum[1] + s.parameter[1] * c);
    const auto g = tanh(s.sum[2]);
    const auto next = f * c + i * g, t = tanh(next);
    const auto o = sigmoid(s.sum[3] + s.parameter[2] * next);
    s.after[0] = o * t;
    s.after[1] = next;
    s.saved[0] = i, s.saved[1] = f, s.saved[2] = g, s.saved[3] = o, s.saved[4] = t, s.saved[5] = next;
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    const auto i = d.saved[0], f = d.saved[1], g = d.saved[2], o = d.saved[3], t = d.saved[4];
    const auto d_o = d.d_after[0] * t * o * (1 - o);
    const auto d_c = d.d_after[1] + d.d_after[0] * o * (1 - t * t) + d_o * d.parameter[2];
    d.d_sum[0] = d_c * g * i * (1 - i);
    d.d_sum[1] = d_c * d.before[1] * f * (1 - f);
    d.d_sum[2] = d_c * i * (1 - g * g);
    d.d_sum[3] = d_o;
    d.d_parameter[0] = d.d_sum[0] * d.before[1];
    d.d_parameter[1] = d.d_sum[1] * d.before[1];
    d.d_parameter[2] = d_o * d.saved[5];
    d.d_before[0] = 0;
    d.d_before[1] = d_c * f + d.d_sum[0] * d.parameter[0] + d.d_sum[1] * d.parameter[1];
  }
};

/// LSTM with one gate for what enters and what stays [Greff 2017, CIFG]: f = 1 - i. Gates: input, cell, output.
struct CoupledLstmCell {
  static constexpr int gates = 3, states = 2, saved = 4;

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto i = sigmoid(s.sum[0]), g = tanh(s.sum[1]), o = sigmoid(s.sum[2]);
    const auto next = s.before[1] + i * (g - s.before[1]), t = tanh(next);
    s.after[0] = o * t;
    s.after[1] = next;
    s.saved[0] = i, s.saved[1] = g, s.saved[2] = o, s.saved[3] = t;
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    const auto i = d.saved[0], g = d.saved[1], o = d.saved[2], t = d.saved[3];
    const auto d_c = d.d_after[1] + d.d_after[0] * o * (1 - t * t);
    d.d_sum[0] = d_c * (g - d.before[1]) * i * (1 - i);
    d.d_sum[1] = d_c * i * (1 - g * g);
    d.d_sum[2] = d.d_after[0] * t * o * (1 - o);
    d.d_before[0] = 0;
    d.d_before[1] = d_c * (1 - i);
  }
};

/// Used like Lstm.
template <Real T = float>
using PeepholeLstm = CellRnn<PeepholeLstmCell, T>;
template <Real T = float>
using CoupledLstm = CellRnn<CoupledLstmCell, T>;

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
