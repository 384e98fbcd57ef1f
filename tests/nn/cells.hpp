// SPDX-License-Identifier: MIT
#pragma once
// Cells as a program would write them: the built-in ones again, a gated unit, and the sLSTM.

#include "lstmlib/cell.hpp"

namespace lstmlib::test {

struct MyLstm {
  static constexpr int gates = 4, states = 2, saved = 5;

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto i = sigmoid(s.sum[0]), f = sigmoid(s.sum[1]), g = tanh(s.sum[2]), o = sigmoid(s.sum[3]);
    const auto c = f * s.before[1] + i * g, t = tanh(c);
    s.after[0] = o * t;
    s.after[1] = c;
    s.saved[0] = i, s.saved[1] = f, s.saved[2] = g, s.saved[3] = o, s.saved[4] = t;
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    const auto& [i, f, g, o, t] = d.saved;
    const auto d_c = d.d_after[1] + d.d_after[0] * o * (1 - t * t);
    d.d_sum[0] = d_c * g * i * (1 - i);
    d.d_sum[1] = d_c * d.before[1] * f * (1 - f);
    d.d_sum[2] = d_c * i * (1 - g * g);
    d.d_sum[3] = d.d_after[0] * t * o * (1 - o);
    d.d_before[0] = 0;
    d.d_before[1] = d_c * f;
  }
};

struct MyGru {
  static constexpr int gates = 3, separate = 1;  // sum[3]: the state's part of the candidate

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto r = sigmoid(s.sum[0]), z = sigmoid(s.sum[1]), n = tanh(s.sum[2] + r * s.sum[3]);
    s.after[0] = n + z * (s.before[0] - n);
    s.saved[0] = r, s.saved[1] = z, s.saved[2] = n, s.saved[3] = s.sum[3];
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    const auto& [r, z, n, q] = d.saved;
    const auto d_n = d.d_after[0] * (1 - z) * (1 - n * n);
    d.d_sum[0] = d_n * q * r * (1 - r);
    d.d_sum[1] = d.d_after[0] * (d.before[0] - n) * z * (1 - z);
    d.d_sum[2] = d_n;
    d.d_sum[3] = d_n * r;
    d.d_before[0] = d.d_after[0] * z;
  }
};

/// One gate: h' = tanh(..), as the built-in plain network.
struct MyRnn {
  static constexpr int gates = 1;

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    s.after[0] = s.saved[0] = formula::tanh(s.sum[0]);
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    d.d_sum[0] = d.d_after[0] * (1 - d.saved[0] * d.saved[0]);
    d.d_before[0] = 0;
  }
};

/// Six gates, a separate one, three states, two parameters, and more saved than there are columns or fewer:
/// no known cell, but one that uses everything that there is.
struct Everything {
  static constexpr int gates = 6, separate = 2, states = 3, parameters = 2, saved = 12;
  static double initial_bias(int gate) { return gate == 1 ? 0.5 : 0; }

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto a = sigmoid(s.sum[0] + s.parameter[0] * s.before[1]), b = sigmoid(s.sum[1]),
               e = exp(-abs(s.sum[2])), g = tanh(s.sum[3]), p = tanh(s.sum[4] + a * s.sum[6]),
               q = sigmoid(s.sum[5] * s.sum[7]);
    s.after[1] = a * s.before[1] + b * g;
    s.after[2] = e * s.before[2] + s.parameter[1] * p;
    s.after[0] = q * s.after[1] + (1 - q) * s.before[0] + b * s.after[2];
    s.saved[0] = a, s.saved[1] = b, s.saved[2] = e, s.saved[3] = g, s.saved[4] = p, s.saved[5] = q;
    s.saved[6] = s.sum[6], s.saved[7] = s.sum[7], s.saved[8] = s.sum[5], s.saved[9] = s.after[1];
    s.saved[10] = s.after[2], s.saved[11] = s.sum[2];
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    using namespace formula;
    const auto a = d.saved[0], b = d.saved[1], e = d.saved[2], g = d.saved[3], p = d.saved[4], q = d.saved[5];
    const auto d_h = d.d_after[0];
    const auto d_1 = d.d_after[1] + d_h * q, d_2 = d.d_after[2] + d_h * b;
    const auto d_p = d_2 * d.parameter[1] * (1 - p * p);
    const auto d_a = (d_1 * d.before[1] + d_p * d.saved[6]) * a * (1 - a);
    const auto d_q = d_h * (d.saved[9] - d.before[0]) * q * (1 - q);
    d.d_sum[0] = d_a;
    d.d_sum[1] = (d_1 * g + d_h * d.saved[10]) * b * (1 - b);
    d.d_sum[2] = d_2 * d.before[2] * where(d.saved[11] < 0, e, -e);
    d.d_sum[3] = d_1 * b * (1 - g * g);
    d.d_sum[4] = d_p;
    d.d_sum[5] = d_q * d.saved[7];
    d.d_sum[6] = d_p * a;
    d.d_sum[7] = d_q * d.saved[8];
    d.d_parameter[0] = d_a * d.before[1];
    d.d_parameter[1] = d_2 * p;
    d.d_before[0] = d_h * (1 - q);
    d.d_before[1] = d_1 * a + d_a * d.parameter[0];
    d.d_before[2] = d_2 * e;
  }
};

/// sLSTM [Beck 2024]: exponential gates, a normaliser n and a stabiliser m. Gates: input, forget, cell,
/// output. States: hidden, cell, normaliser, stabiliser.
///
///     m' = max(i, log sigmoid(f) + m),  i' = exp(i - m'),  f' = exp(log sigmoid(f) + m - m')
///     c' = f' c + i' tanh(z),  n' = f' n + i',  h' = sigmoid(o) c' / n'
///
/// At the first step, where n is 0, m' is i.
struct Slstm {
  static constexpr int gates = 4, states = 4, saved = 8;

  template <class Step>
  LSTMLIB_HOST_DEVICE static void forward(Step& s) {
    using namespace formula;
    const auto log_f = log_sigmoid(s.sum[1]) + s.before[3];
    const auto known = s.before[2] > 0;
    const auto m = where(known, maximum(s.sum[0], log_f), s.sum[0]);
    const auto i = exp(s.sum[0] - m), f = where(known, exp(minimum(log_f - m, 0)), 0);
    const auto z = tanh(s.sum[2]), o = sigmoid(s.sum[3]);
    s.after[1] = f * s.before[1] + i * z;
    s.after[2] = f * s.before[2] + i;
    s.after[3] = m;
    s.after[0] = o * s.after[1] / s.after[2];
    s.saved[0] = i, s.saved[1] = f, s.saved[2] = z, s.saved[3] = o, s.saved[4] = s.after[1];
    s.saved[5] = s.after[2], s.saved[6] = 1 - sigmoid(s.sum[1]);
    s.saved[7] = where(known, where(s.sum[0] < log_f, i - i + 1, 0), 0);  // 1: m comes from the forget gate
  }
  template <class Gradient>
  LSTMLIB_HOST_DEVICE static void backward(Gradient& d) {
    const auto& [i, f, z, o, c, n, d_log_sigmoid, from_forget] = d.saved;
    const auto d_h = d.d_after[0];
    const auto d_c = d.d_after[1] + d_h * o / n, d_n = d.d_after[2] - d_h * o * c / (n * n);
    const auto d_i = (d_c * z + d_n) * i, d_f = (d_c * d.before[1] + d_n * d.before[2]) * f;
    const auto d_m = d.d_after[3] - d_i - d_f;
    const auto d_log_f = d_f + d_m * from_forget;
    d.d_sum[0] = d_i + d_m * (1 - from_forget);
    d.d_sum[1] = d_log_f * d_log_sigmoid;
    d.d_sum[2] = d_c * i * (1 - z * z);
    d.d_sum[3] = d_h * c / n * o * (1 - o);
    d.d_before[0] = 0;
    d.d_before[1] = d_c * f;
    d.d_before[2] = d_n * f;
    d.d_before[3] = d_log_f;
  }
};

}  // namespace lstmlib::test
