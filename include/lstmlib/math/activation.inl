// SPDX-License-Identifier: MIT
// Activations, for scalars and for vectors of them: included in namespace lstmlib::math by activation.hpp,
// and once per instruction set by the CPU's kernels. Nothing is included here, and only arithmetic and the
// functions of math/scalar.hpp are used. A derivative is a function of the activation's *output*, so only
// that is kept for the backward pass.

struct Tanh {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x) const {
    return hyperbolic_tangent(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V y) const {
    return splat<V>(1) - y * y;
  }
};
struct Sigmoid {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x) const {
    return sigmoid(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V y) const {
    return y - y * y;
  }
};
struct Relu {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x) const {
    return larger(x, splat<V>(0));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V y) const {
    return positive(y);
  }
};
