// SPDX-License-Identifier: MIT
// Activation functions for scalars and for SIMD vectors. activation.hpp includes this file in namespace
// lstmlib::math; the CPU kernels include it once per instruction set. So it includes nothing, and uses only
// arithmetic and the functions of math/scalar.hpp. A derivative is a function of the activation's *output*:
// the backward pass needs nothing else.

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
    return maximum(x, splat<V>(0));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V y) const {
    return heaviside(y);
  }
};
