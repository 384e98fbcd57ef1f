// SPDX-License-Identifier: MIT
// The LSTM cell, forward and backward, for scalars and SIMD vectors. activation.inl says which files include
// it.
//   c' = f c + i g,  h' = o tanh(c')
// The order of gates is input i, forget f, cell g, output o everywhere. [Hochreiter 1997, Gers 2000]

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

// pre: pre-activations of the gates. c: previous cell state.
template <class V>
LSTMLIB_HOST_DEVICE inline LstmForward<V> lstm_cell_forward(const LstmGates<V>& pre, V c) {
  const LstmGates<V> gate{sigmoid(pre.input), sigmoid(pre.forget), hyperbolic_tangent(pre.cell),
                          sigmoid(pre.output)};
  const V c_next = gate.forget * c + gate.input * gate.cell;
  const V tanh_c = hyperbolic_tangent(c_next);
  return {gate, c_next, tanh_c, gate.output * tanh_c};
}

// c: previous cell state; tanh_c: tanh of the new one. d_h, d_c_next: gradients of the new states. The
// result's d_cell is the gradient of c.
template <class V>
LSTMLIB_HOST_DEVICE inline LstmBackward<V> lstm_cell_backward(const LstmGates<V>& gate, V c, V tanh_c, V d_h,
                                                              V d_c_next) {
  const V d_c = d_c_next + d_h * gate.output * Tanh{}.derivative(tanh_c);
  return {{d_c * gate.cell * Sigmoid{}.derivative(gate.input), d_c * c * Sigmoid{}.derivative(gate.forget),
           d_c * gate.input * Tanh{}.derivative(gate.cell), d_h * tanh_c * Sigmoid{}.derivative(gate.output)},
          d_c * gate.forget};
}
