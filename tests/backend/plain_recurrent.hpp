// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers written down as plainly as possible, sequence by sequence and in double precision: what
// the CPU's engine is compared with.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/math/gru_cell.hpp"
#include "lstmlib/math/lstm_cell.hpp"

#include <vector>

namespace lstmlib::test {

using Numbers = std::vector<double>;

/// All arrays as in RecurrentProblem, RecurrentResult and RecurrentGradients; an empty one is absent.
struct PlainRecurrent {
  RecurrentCell cell;
  bool reverse;
  const SequenceLayout& layout;
  Index input_size, hidden_size;
  Numbers input, weight_input, weight_hidden, bias_input, bias_hidden, initial_hidden, initial_cell;
  double (*operand)(double) = [](double x) { return x; };  ///< what products make of each operand

  struct Result {
    Numbers hidden, last_hidden, last_cell;
  };
  struct Gradients {
    Numbers input, weight_input, weight_hidden, bias_input, bias_hidden, initial_hidden, initial_cell;
  };

  /// The results, and the gradients of the weighted sum of them that `d` gives.
  void run(const Result& d, Result& result, Gradients& g) const {
    const Index n = hidden_size, rows = layout.rows(), sequences = layout.sequences();
    const auto sized = [](Index size) { return Numbers(static_cast<std::size_t>(size)); };
    result = {sized(rows * n), sized(sequences * n), sized(sequences * n)};
    g = {sized(rows * input_size), Numbers(weight_input.size()), Numbers(weight_hidden.size()),
         sized(gates() * n),       sized(gates() * n),           sized(sequences * n),
         sized(sequences * n)};
    for (Index sequence = 0; sequence < sequences; ++sequence) run_sequence(sequence, d, result, g);
  }

 private:
  /// One step: the gates after their nonlinearities, the candidate's recurrent part (gru), the states before
  /// and after.
  struct Step {
    Numbers gate, recurrent, h_before, c_before, h, c;
  };

  Index gates() const { return gate_count(cell); }
  static double& at(Numbers& v, Index i) { return v[static_cast<std::size_t>(i)]; }
  static double at(const Numbers& v, Index i) { return v.empty() ? 0 : v[static_cast<std::size_t>(i)]; }
  Index row_of(Index sequence, Index step) const {
    return layout.begin(sequence) + (reverse ? layout.length(sequence) - 1 - step : step);
  }

  Step forward(Index row, const Numbers& h, const Numbers& c) const {
    const Index n = hidden_size;
    Numbers a(static_cast<std::size_t>(gates() * n)), b = a;  // sums of the input and of the state
    for (Index j = 0; j < gates() * n; ++j) {
      at(a, j) = at(bias_input, j);
      at(b, j) = at(bias_hidden, j);
      for (Index k = 0; k < input_size; ++k)
        at(a, j) += operand(at(weight_input, j * input_size + k)) * operand(at(input, row * input_size + k));
      for (Index k = 0; k < n; ++k) at(b, j) += operand(at(weight_hidden, j * n + k)) * operand(at(h, k));
    }
    Step step{a, Numbers(h.size()), h, c, h, c};
    for (Index i = 0; i < n; ++i) {
      const auto both = [&](Index gate) { return at(a, gate * n + i) + at(b, gate * n + i); };
      if (cell == RecurrentCell::lstm) {
        const auto next = math::lstm_cell_forward<double>({both(0), both(1), both(2), both(3)}, at(c, i));
        at(step.gate, i) = next.gate.input;
        at(step.gate, n + i) = next.gate.forget;
        at(step.gate, 2 * n + i) = next.gate.cell;
        at(step.gate, 3 * n + i) = next.gate.output;
        at(step.c, i) = next.cell;
        at(step.h, i) = next.hidden;
      } else if (cell == RecurrentCell::gru) {
        at(step.recurrent, i) = at(b, 2 * n + i);
        const auto next =
            math::gru_cell_forward<double>(both(0), both(1), at(a, 2 * n + i), at(b, 2 * n + i), at(h, i));
        at(step.gate, i) = next.reset;
        at(step.gate, n + i) = next.update;
        at(step.gate, 2 * n + i) = next.candidate;
        at(step.h, i) = next.hidden;
      } else {
        at(step.h, i) = cell == RecurrentCell::rnn_tanh ? math::Tanh{}(both(0)) : math::Relu{}(both(0));
      }
    }
    return step;
  }

  void run_sequence(Index sequence, const Result& d, Result& result, Gradients& g) const {
    const Index n = hidden_size, length = layout.length(sequence);
    Numbers h(static_cast<std::size_t>(n)), c = h;
    for (Index i = 0; i < n; ++i)
      at(h, i) = at(initial_hidden, sequence * n + i), at(c, i) = at(initial_cell, sequence * n + i);
    std::vector<Step> steps;
    for (Index t = 0; t < length; ++t) {
      steps.push_back(forward(row_of(sequence, t), h, c));
      h = steps.back().h;
      c = steps.back().c;
      for (Index i = 0; i < n; ++i) at(result.hidden, row_of(sequence, t) * n + i) = at(h, i);
    }
    Numbers d_h = h, d_c = c;
    for (Index i = 0; i < n; ++i) {
      at(result.last_hidden, sequence * n + i) = at(h, i);
      at(result.last_cell, sequence * n + i) = at(c, i);
      at(d_h, i) = at(d.last_hidden, sequence * n + i);
      at(d_c, i) = at(d.last_cell, sequence * n + i);
    }
    for (Index t = length - 1; t >= 0; --t) {
      for (Index i = 0; i < n; ++i) at(d_h, i) += at(d.hidden, row_of(sequence, t) * n + i);
      backward(steps[static_cast<std::size_t>(t)], row_of(sequence, t), d_h, d_c, g);
    }
    for (Index i = 0; i < n; ++i)
      at(g.initial_hidden, sequence * n + i) = at(d_h, i), at(g.initial_cell, sequence * n + i) = at(d_c, i);
  }

  void backward(const Step& step, Index row, Numbers& d_h, Numbers& d_c, Gradients& g) const {
    const Index n = hidden_size;
    Numbers d_a(static_cast<std::size_t>(gates() * n)), d_b = d_a;
    for (Index i = 0; i < n; ++i) {
      const auto gate = [&](Index k) { return at(step.gate, k * n + i); };
      const auto both = [&](Index k, double value) { at(d_a, k * n + i) = at(d_b, k * n + i) = value; };
      if (cell == RecurrentCell::lstm) {
        const auto d =
            math::lstm_cell_backward<double>({gate(0), gate(1), gate(2), gate(3)}, at(step.c_before, i),
                                             std::tanh(at(step.c, i)), at(d_h, i), at(d_c, i));
        both(0, d.d_pre.input), both(1, d.d_pre.forget), both(2, d.d_pre.cell), both(3, d.d_pre.output);
        at(d_c, i) = d.d_cell;
        at(d_h, i) = 0;
      } else if (cell == RecurrentCell::gru) {
        const auto d = math::gru_cell_backward<double>(gate(0), gate(1), gate(2), at(step.recurrent, i),
                                                       at(step.h_before, i), at(d_h, i));
        both(0, d.d_reset), both(1, d.d_update);
        at(d_a, 2 * n + i) = d.d_candidate;
        at(d_b, 2 * n + i) = d.d_recurrent;
        at(d_h, i) = d.d_hidden;
      } else {
        const double y = at(step.h, i);
        both(0, at(d_h, i) * (cell == RecurrentCell::rnn_tanh ? math::Tanh{}.derivative(y)
                                                              : math::Relu{}.derivative(y)));
        at(d_h, i) = 0;
      }
    }
    for (Index j = 0; j < gates() * n; ++j) {
      at(g.bias_input, j) += at(d_a, j);
      at(g.bias_hidden, j) += at(d_b, j);
      const double a = operand(at(d_a, j)), b = operand(at(d_b, j));
      for (Index k = 0; k < input_size; ++k) {
        at(g.weight_input, j * input_size + k) += a * operand(at(input, row * input_size + k));
        at(g.input, row * input_size + k) += a * operand(at(weight_input, j * input_size + k));
      }
      for (Index k = 0; k < n; ++k) {
        at(g.weight_hidden, j * n + k) += b * operand(at(step.h_before, k));
        at(d_h, k) += b * operand(at(weight_hidden, j * n + k));
      }
    }
  }
};

}  // namespace lstmlib::test
