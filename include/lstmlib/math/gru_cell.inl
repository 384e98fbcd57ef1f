// SPDX-License-Identifier: MIT
// The GRU cell, forward and backward, for scalars and SIMD vectors. activation.inl says which files include
// it.
//   r = sigmoid(..), z = sigmoid(..)
//   n = tanh(x_n + r q), where q is the recurrent part of the candidate
//   h' = (1 - z) n + z h
// [Cho 2014, in the form of cuDNN and Chainer's NStepGRU]

template <class V>
struct GruForward {
  V reset, update, candidate, hidden;
};
template <class V>
struct GruBackward {
  V d_reset, d_update, d_candidate, d_recurrent, d_hidden;
};

// reset, update: pre-activations, input and recurrent part added. candidate: input part only; recurrent: q.
// h: previous hidden state.
template <class V>
LSTMLIB_HOST_DEVICE inline GruForward<V> gru_cell_forward(V reset, V update, V candidate, V recurrent, V h) {
  const V r = sigmoid(reset), z = sigmoid(update);
  const V n = hyperbolic_tangent(candidate + r * recurrent);
  return {r, z, n, n + z * (h - n)};
}

// Returns the gradients of the pre-activations (d_recurrent: of q). d_hidden is the part of the gradient of h
// that does not pass through them.
template <class V>
LSTMLIB_HOST_DEVICE inline GruBackward<V> gru_cell_backward(V r, V z, V n, V recurrent, V h, V d_h) {
  const V d_n = d_h * (splat<V>(1) - z) * Tanh{}.derivative(n);
  return {d_n * recurrent * Sigmoid{}.derivative(r), d_h * (h - n) * Sigmoid{}.derivative(z), d_n, d_n * r,
          d_h * z};
}
