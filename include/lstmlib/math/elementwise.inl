// SPDX-License-Identifier: MIT
// Elementwise functions for scalars and for SIMD vectors. elementwise.hpp includes this file in namespace
// lstmlib::math; the CPU kernels include it once per instruction set. So it includes nothing, and uses only
// arithmetic and the functions of math/scalar.hpp.
//
// Unary<f>: y = f(x), and derivative(x, y) = dy / dx. Binary<f>: y = f(a, b), and its partial derivatives
// d_a(a, b, y) and d_b(a, b, y). A derivative gets zeros for what `reads_...` does not name: then it is not
// kept for the backward pass.

struct ReadsInput {
  static constexpr bool reads_x = true, reads_y = false;
};
struct ReadsOutput {
  static constexpr bool reads_x = false, reads_y = true;
};
struct ReadsNothing {
  static constexpr bool reads_x = false, reads_y = false;
};

template <UnaryFunction f>
struct Unary;

template <>
struct Unary<UnaryFunction::exp> : ReadsOutput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return exp_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V, V y, const ElementwiseOptions&) const {
    return y;
  }
};
template <>
struct Unary<UnaryFunction::expm1> : ReadsOutput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return expm1_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V, V y, const ElementwiseOptions&) const {
    return y + splat<V>(1);
  }
};
template <>
struct Unary<UnaryFunction::log> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return log_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return splat<V>(1) / x;
  }
};
template <>
struct Unary<UnaryFunction::log1p> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return log1p_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return splat<V>(1) / (splat<V>(1) + x);
  }
};
template <>
struct Unary<UnaryFunction::sqrt> : ReadsOutput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return square_root(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V, V y, const ElementwiseOptions&) const {
    return splat<V>(0.5) / y;
  }
};
template <>
struct Unary<UnaryFunction::square> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return x * x;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return x + x;
  }
};
template <>
struct Unary<UnaryFunction::power> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions& n) const {
    return power_of(x, splat<V>(n.a));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions& n) const {
    return n.a == 0 ? splat<V>(0) : splat<V>(n.a) * power_of(x, splat<V>(n.a - 1));
  }
};
template <>
struct Unary<UnaryFunction::abs> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return absolute(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return sign_of(x);
  }
};
template <>
struct Unary<UnaryFunction::sign> : ReadsNothing {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return sign_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V, V, const ElementwiseOptions&) const {
    return splat<V>(0);
  }
};
template <>
struct Unary<UnaryFunction::clamp> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions& n) const {
    return maximum(minimum(x, splat<V>(n.b)), splat<V>(n.a));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions& n) const {
    const V below = x < splat<V>(n.b) ? splat<V>(1) : splat<V>(0);
    return x > splat<V>(n.a) ? below : splat<V>(0);
  }
};
template <>
struct Unary<UnaryFunction::softplus> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return maximum(x, splat<V>(0)) + log1p_of(exp_of(-absolute(x)));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return sigmoid(x);
  }
};
template <>
struct Unary<UnaryFunction::log_sigmoid> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return minimum(x, splat<V>(0)) - log1p_of(exp_of(-absolute(x)));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return sigmoid(-x);
  }
};
template <>
struct Unary<UnaryFunction::silu> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return x * sigmoid(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    const V s = sigmoid(x);
    return s * (splat<V>(1) + x * (splat<V>(1) - s));
  }
};
template <>
struct Unary<UnaryFunction::gelu> : ReadsInput {  // x times the normal distribution's probability below x
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return splat<V>(0.5) * x * (splat<V>(1) + erf_of(x * splat<V>(0.70710678118654752440)));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    const V below = splat<V>(0.5) * (splat<V>(1) + erf_of(x * splat<V>(0.70710678118654752440)));
    return below + x * splat<V>(0.39894228040143267794) * exp_of(splat<V>(-0.5) * x * x);
  }
};
template <>
struct Unary<UnaryFunction::leaky_relu> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions& n) const {
    return x > splat<V>(0) ? x : splat<V>(n.a) * x;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions& n) const {
    return x > splat<V>(0) ? splat<V>(1) : splat<V>(n.a);
  }
};
template <>
struct Unary<UnaryFunction::elu> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions& n) const {
    return x > splat<V>(0) ? x : splat<V>(n.a) * expm1_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions& n) const {
    return x > splat<V>(0) ? splat<V>(1) : splat<V>(n.a) * exp_of(x);
  }
};
template <>
struct Unary<UnaryFunction::erf> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return erf_of(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return splat<V>(1.12837916709551257390) * exp_of(-x * x);
  }
};
template <>
struct Unary<UnaryFunction::sin> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return sine(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return cosine(x);
  }
};
template <>
struct Unary<UnaryFunction::cos> : ReadsInput {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V x, const ElementwiseOptions&) const {
    return cosine(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V derivative(V x, V, const ElementwiseOptions&) const {
    return -sine(x);
  }
};
