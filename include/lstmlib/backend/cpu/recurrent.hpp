// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers on the CPU in their plain form: one product for the inputs of all steps, then one a step for the
// running sequences, which are a prefix of the sequences in order of falling length: no padding.

#include "lstmlib/backend/cpu/math.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/math/gru_cell.hpp"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::cpu {

/// What the backward pass needs, in time-major order. Width `gates`: after the nonlinearities. `extra` [rows, hidden]:
/// lstm: cell states; gru: recurrent part of the candidate.
template <class T>
struct RecurrentSaved {
  View<T> gates, extra, hidden;

  static std::size_t bytes(const RecurrentProblem<T>& p) {
    return static_cast<std::size_t>(p.segments.rows() * (p.gates() + 2) * p.hidden_size()) * sizeof(T);
  }
  RecurrentSaved(const RecurrentProblem<T>& p, void* memory)
      : gates{static_cast<T*>(memory), {p.segments.rows(), p.gates() * p.hidden_size()}},
        extra{gates.data + gates.size(), {p.segments.rows(), p.hidden_size()}},
        hidden{extra.data + extra.size(), {p.segments.rows(), p.hidden_size()}} {}
};

template <Real T>
class Recurrent final : public RecurrentKernels<T> {
 public:
  std::size_t saved_bytes(const RecurrentProblem<T>& p) const override { return RecurrentSaved<T>::bytes(p); }

  void forward(const RecurrentProblem<T>& p, const RecurrentResult<T>& result, void* memory) override {
    const Segments& segments = p.segments;
    const Index n = p.hidden_size(), width = p.gates() * n;
    Scratch scratch;
    const View<T> h = scratch.take<T>({segments.count(), n});
    const View<T> c = scratch.take<T>({segments.count(), n});
    const View<T> recurrent = scratch.take<T>({segments.count(), width});
    if (!memory) memory = scratch.take<T>({segments.rows(), width + 2 * n}).data;
    const RecurrentSaved<T> saved(p, memory);

    const View<T> input = scratch.take<T>({segments.rows(), p.input_size()});
    each_row(p, [&](Index place, Index, Index, Index row) { copy_row(p.input, row, input, place); });
    gemm<T>(View<const T>(input), transposed<const T>(p.weight_input), saved.gates, Write::assign);
    as_matrix(saved.gates).rowwise() += as_array(p.bias_input).matrix().transpose();
    sort_states(segments, p.first_hidden, h);
    sort_states(segments, p.first_cell, c);

    for (Index step = 0; step < segments.steps(); ++step) {
      const Index running = segments.running(step);
      const View<T> sums = first_rows(recurrent, running);
      gemm<T>(View<const T>(first_rows(h, running)), transposed<const T>(p.weight_hidden), sums, Write::assign);
      as_matrix(sums).rowwise() += as_array(p.bias_hidden).matrix().transpose();
      for (Index k = 0; k < running; ++k) {
        const Index place = segments.offset(step) + k;
        cell_forward(p.cell, n, saved.gates.data + place * width, sums.data + k * width, h.data + k * n,
                     c.data + k * n, saved.extra.data + place * n);
        copy_row(h, k, saved.hidden, place);
        copy_row(h, k, result.hidden, segments.row(k, step, p.reverse));
      }
    }
    for (Index k = 0; k < segments.count(); ++k) {  // a sequence that ended keeps its last state
      const Index sequence = segments.by_length()[static_cast<std::size_t>(k)];
      copy_row(h, k, result.last_hidden, sequence);
      if (result.last_cell) copy_row(c, k, result.last_cell, sequence);
    }
  }

  void backward(const RecurrentProblem<T>& p, const RecurrentResult<const T>&, void* memory,
                const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) override {
    const Segments& segments = p.segments;
    const Index n = p.hidden_size(), width = p.gates() * n;
    const RecurrentSaved<T> saved(p, memory);
    Scratch scratch;
    const View<T> d_h = scratch.take<T>({segments.count(), n});
    const View<T> d_c = scratch.take<T>({segments.count(), n});
    const View<T> before = scratch.take<T>({segments.rows(), n});       // hidden state before each step
    const View<T> c_before = scratch.take<T>({segments.rows(), n});
    const View<T> d_input = scratch.take<T>({segments.rows(), width});  // of the sums of the input
    const View<T> d_hidden = scratch.take<T>({segments.rows(), width}); // of the sums of the state
    sort_states(segments, d_result.last_hidden, d_h);
    sort_states(segments, d_result.last_cell, d_c);
    shifted_states(p, p.first_hidden, saved.hidden, before);
    shifted_states(p, p.first_cell, saved.extra, c_before);

    for (Index step = segments.steps() - 1; step >= 0; --step) {
      const Index running = segments.running(step);
      for (Index k = 0; k < running; ++k) {
        const Index place = segments.offset(step) + k;
        if (d_result.hidden) add_row(d_result.hidden, segments.row(k, step, p.reverse), d_h, k);
        cell_backward(p.cell, n, saved.gates.data + place * width, saved.extra.data + place * n,
                      before.data + place * n, c_before.data + place * n, saved.hidden.data + place * n,
                      d_h.data + k * n, d_c.data + k * n, d_input.data + place * width, d_hidden.data + place * width);
      }
      const View<const T> d_sums{d_hidden.data + segments.offset(step) * width, {running, width}};
      gemm<T>(d_sums, p.weight_hidden, first_rows(d_h, running), Write::add);
    }

    const View<T> ordered = scratch.take<T>({segments.rows(), p.input_size()});
    if (d.input) {
      gemm<T>(View<const T>(d_input), p.weight_input, ordered, Write::assign);
      each_row(p, [&](Index place, Index, Index, Index row) { add_row(ordered, place, d.input, row); });
    }
    each_row(p, [&](Index place, Index, Index, Index row) { copy_row(p.input, row, ordered, place); });
    if (d.weight_input) gemm<T>(transposed(d_input), View<const T>(ordered), d.weight_input, Write::add);
    if (d.weight_hidden) gemm<T>(transposed(d_hidden), View<const T>(before), d.weight_hidden, Write::add);
    if (d.bias_input) as_array(d.bias_input) += as_matrix(d_input).colwise().sum().transpose().array();
    if (d.bias_hidden) as_array(d.bias_hidden) += as_matrix(d_hidden).colwise().sum().transpose().array();
    for (Index k = 0; k < segments.count(); ++k) {
      const Index sequence = segments.by_length()[static_cast<std::size_t>(k)];
      if (d.first_hidden) add_row(d_h, k, d.first_hidden, sequence);
      if (d.first_cell) add_row(d_c, k, d.first_cell, sequence);
    }
  }

 private:
  static View<T> first_rows(View<T> matrix, Index rows) { return {matrix.data, matrix.shape.with_rows(rows)}; }
  static void copy_row(View<const T> from, Index row, View<T> to, Index to_row) {
    const Index width = from.shape.row_size();
    std::copy_n(from.data + row * width, width, to.data + to_row * width);
  }
  static void add_row(View<const T> from, Index row, View<T> to, Index to_row) {
    const Index width = from.shape.row_size();
    for (Index i = 0; i < width; ++i) to.data[to_row * width + i] += from.data[row * width + i];
  }
  /// Calls `use(place in time-major order, place in by_length, step, row)`.
  template <class Use>
  static void each_row(const RecurrentProblem<T>& p, Use use) {
    for (Index step = 0; step < p.segments.steps(); ++step)
      for (Index k = 0; k < p.segments.running(step); ++k)
        use(p.segments.offset(step) + k, k, step, p.segments.row(k, step, p.reverse));
  }
  /// Row k of the result is row by_length[k] of `states`, or zeros.
  static void sort_states(const Segments& segments, View<const T> states, View<T> sorted) {
    if (!states) return void(std::fill_n(sorted.data, sorted.size(), T(0)));
    for (Index k = 0; k < segments.count(); ++k)
      copy_row(states, segments.by_length()[static_cast<std::size_t>(k)], sorted, k);
  }
  /// The state before each step, in time-major order.
  static void shifted_states(const RecurrentProblem<T>& p, View<const T> first, View<T> states, View<T> before) {
    const View<T> start{before.data, {p.segments.count(), p.hidden_size()}};
    sort_states(p.segments, first, start);
    each_row(p, [&](Index place, Index k, Index step, Index) {
      if (step > 0) copy_row(states, p.segments.offset(step - 1) + k, before, place);
    });
  }

  /// One row: `gates` holds the input's sums, then the gates; `sums` those of the state; h and c move on.
  static void cell_forward(RecurrentCell cell, Index n, T* gates, const T* sums, T* h, T* c, T* extra) {
    for (Index unit = 0; unit < n; ++unit) {
      const auto both = [&](Index gate) { return gates[gate * n + unit] + sums[gate * n + unit]; };
      switch (cell) {
        case RecurrentCell::lstm: {
          const auto next = math::lstm_cell_forward<T>({both(0), both(1), both(2), both(3)}, c[unit]);
          gates[unit] = next.gate.input;
          gates[n + unit] = next.gate.forget;
          gates[2 * n + unit] = next.gate.cell;
          gates[3 * n + unit] = next.gate.output;
          c[unit] = extra[unit] = next.cell;
          h[unit] = next.hidden;
          break;
        }
        case RecurrentCell::gru: {
          extra[unit] = sums[2 * n + unit];
          const auto next = math::gru_cell_forward<T>(both(0), both(1), gates[2 * n + unit], extra[unit], h[unit]);
          gates[unit] = next.reset;
          gates[n + unit] = next.update;
          gates[2 * n + unit] = next.candidate;
          h[unit] = next.hidden;
          break;
        }
        case RecurrentCell::rnn_tanh: h[unit] = math::Tanh{}(both(0)); break;
        case RecurrentCell::rnn_relu: h[unit] = math::Relu{}(both(0)); break;
      }
    }
  }
  /// One row: from d_h and d_c of the state after the step to those before it, without what passes through the sums.
  static void cell_backward(RecurrentCell cell, Index n, const T* gates, const T* extra, const T* before,
                            const T* c_before, const T* after, T* d_h, T* d_c, T* d_input, T* d_hidden) {
    for (Index unit = 0; unit < n; ++unit) {
      const auto both = [&](Index gate, T value) { d_input[gate * n + unit] = d_hidden[gate * n + unit] = value; };
      switch (cell) {
        case RecurrentCell::lstm: {
          const auto d = math::lstm_cell_backward<T>(
              {gates[unit], gates[n + unit], gates[2 * n + unit], gates[3 * n + unit]}, c_before[unit], extra[unit],
              d_h[unit], d_c[unit]);
          both(0, d.d_pre.input);
          both(1, d.d_pre.forget);
          both(2, d.d_pre.cell);
          both(3, d.d_pre.output);
          d_c[unit] = d.d_cell;
          d_h[unit] = T(0);
          break;
        }
        case RecurrentCell::gru: {
          const auto d = math::gru_cell_backward<T>(gates[unit], gates[n + unit], gates[2 * n + unit], extra[unit],
                                                    before[unit], d_h[unit]);
          both(0, d.d_reset);
          both(1, d.d_update);
          d_input[2 * n + unit] = d.d_candidate;
          d_hidden[2 * n + unit] = d.d_recurrent;
          d_h[unit] = d.d_hidden;
          break;
        }
        case RecurrentCell::rnn_tanh: both(0, d_h[unit] * math::Tanh{}.derivative(after[unit])), d_h[unit] = T(0); break;
        case RecurrentCell::rnn_relu: both(0, d_h[unit] * math::Relu{}.derivative(after[unit])), d_h[unit] = T(0); break;
      }
    }
  }
};

}  // namespace lstmlib::cpu
