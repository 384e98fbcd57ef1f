// SPDX-License-Identifier: MIT
// One LSTM cell, forward and backward, for scalars and for vectors of them: see activation.inl for who
// includes this.
//   c' = f c + i g,  h' = o tanh(c');  gates in the order input i, forget f, cell g, output o everywhere.
// [Hochreiter 1997, Gers 2000]

template <class V>
struct LstmGates {
  V input, forget, cell, output;
};
template <class V>
struct LstmForward {
  LstmGates<V> gate;
  V cell, tanh_cell, hidden;
};
template <class V>
struct LstmBackward {
  LstmGates<V> d_pre;
  V d_cell;
};

// pre: sums before the nonlinearities; c: the cell state before this step.
template <class V>
LSTMLIB_HOST_DEVICE inline LstmForward<V> lstm_cell_forward(const LstmGates<V>& pre, V c) {
  const LstmGates<V> gate{sigmoid(pre.input), sigmoid(pre.forget), hyperbolic_tangent(pre.cell),
                          sigmoid(pre.output)};
  const V c_next = gate.forget * c + gate.input * gate.cell;
  const V tanh_c = hyperbolic_tangent(c_next);
  return {gate, c_next, tanh_c, gate.output * tanh_c};
}

// tanh_c: of this step's cell state; d_h, d_c_next: gradients of this step's states; d_cell of the result is
// that of c.
template <class V>
LSTMLIB_HOST_DEVICE inline LstmBackward<V> lstm_cell_backward(const LstmGates<V>& gate, V c, V tanh_c, V d_h,
                                                              V d_c_next) {
  const V d_c = d_c_next + d_h * gate.output * Tanh{}.derivative(tanh_c);
  return {{d_c * gate.cell * Sigmoid{}.derivative(gate.input), d_c * c * Sigmoid{}.derivative(gate.forget),
           d_c * gate.input * Tanh{}.derivative(gate.cell), d_h * tanh_c * Sigmoid{}.derivative(gate.output)},
          d_c * gate.forget};
}
