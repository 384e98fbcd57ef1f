// SPDX-License-Identifier: MIT
// The cells of recurrent layers for one block of units: see CellForward and CellBackward.

template <class T>
[[gnu::flatten]] void lstm_forward(const CellForward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row) {
    T* gates = p.gates + row * 4 * lanes;
    const LstmGates<Lanes<T>> pre{load(gates), load(gates + lanes), load(gates + 2 * lanes),
                                  load(gates + 3 * lanes)};
    const auto next = lstm_cell_forward<Lanes<T>>(pre, load(p.before + row * p.before_row));
    store<T>(gates, next.gate.input);
    store<T>(gates + lanes, next.gate.forget);
    store<T>(gates + 2 * lanes, next.gate.cell);
    store<T>(gates + 3 * lanes, next.gate.output);
    store<T>(p.cell + row * lanes, next.cell);
    store<T>(p.tanh_cell + row * lanes, next.tanh_cell);
    store<T>(p.hidden + row * p.hidden_row, next.hidden);
  }
}

// Gradient of the hidden state after the step: from the next step, plus from this step's output.
template <class T>
[[gnu::always_inline]] inline Lanes<T> d_state(const CellBackward<T>& p, Index row, int vector) {
  constexpr int lanes = lanes_of<T>;
  const Lanes<T> d = load(p.d_hidden + row * p.d_hidden_row + vector * lanes);
  return p.d_output ? d + load(p.d_output + row * p.d_output_row + vector * lanes) : d;
}

template <class T>
[[gnu::flatten]] void lstm_backward(const CellBackward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row) {
    T* gates = p.gates + row * 4 * lanes;
    T* d_cell = p.carried + row * lanes;
    const LstmGates<Lanes<T>> gate{load(gates), load(gates + lanes), load(gates + 2 * lanes),
                                   load(gates + 3 * lanes)};
    const auto d =
        lstm_cell_backward<Lanes<T>>(gate, load(p.before + row * p.before_row),
                                     load(p.tanh_cell + row * lanes), d_state(p, row, 0), load(d_cell));
    store<T>(gates, d.d_pre.input);
    store<T>(gates + lanes, d.d_pre.forget);
    store<T>(gates + 2 * lanes, d.d_pre.cell);
    store<T>(gates + 3 * lanes, d.d_pre.output);
    store<T>(d_cell, d.d_cell);
  }
}

template <class T>
[[gnu::flatten]] void gru_forward(const CellForward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row) {
    T* gates = p.gates + row * 4 * lanes;
    const auto next =
        gru_cell_forward<Lanes<T>>(load(gates + lanes), load(gates + 2 * lanes), load(gates),
                                   load(gates + 3 * lanes), load(p.before + row * p.before_row));
    store<T>(gates, next.candidate);
    store<T>(gates + lanes, next.reset);
    store<T>(gates + 2 * lanes, next.update);
    store<T>(p.hidden + row * p.hidden_row, next.hidden);
  }
}

template <class T>
[[gnu::flatten]] void gru_backward(const CellBackward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row) {
    T* gates = p.gates + row * 4 * lanes;
    T* direct = p.carried + row * lanes;
    const auto d = gru_cell_backward<Lanes<T>>(load(gates + lanes), load(gates + 2 * lanes), load(gates),
                                               load(gates + 3 * lanes), load(p.before + row * p.before_row),
                                               d_state(p, row, 0) + load(direct));
    store<T>(gates, d.d_candidate);
    store<T>(gates + lanes, d.d_reset);
    store<T>(gates + 2 * lanes, d.d_update);
    store<T>(gates + 3 * lanes, d.d_recurrent);
    store<T>(direct, d.d_hidden);
  }
}

template <class T, class Activation>
[[gnu::flatten]] void rnn_forward(const CellForward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row)
    for (int j = 0; j < p.vectors; ++j) {
      T* gate = p.gates + (row * p.vectors + j) * lanes;
      const Lanes<T> hidden = Activation{}(load(gate));
      store<T>(gate, hidden);
      store<T>(p.hidden + row * p.hidden_row + j * lanes, hidden);
    }
}

template <class T, class Activation>
[[gnu::flatten]] void rnn_backward(const CellBackward<T>& p) {
  constexpr int lanes = lanes_of<T>;
  for (Index row = 0; row < p.rows; ++row)
    for (int j = 0; j < p.vectors; ++j) {
      T* gate = p.gates + (row * p.vectors + j) * lanes;
      store<T>(gate, d_state(p, row, j) * Activation{}.derivative(load(gate)));
    }
}
