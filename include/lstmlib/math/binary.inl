// SPDX-License-Identifier: MIT
// Functions of two elements, like the unary ones of elementwise.inl: y = f(a, b), with the partial derivatives
// d_a(a, b, y) and d_b(a, b, y).

template <BinaryFunction f>
struct Binary;

template <>
struct Binary<BinaryFunction::add> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a + b;
  }
};
template <>
struct Binary<BinaryFunction::subtract> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a - b;
  }
};
template <>
struct Binary<BinaryFunction::multiply> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a * b;
  }
};
template <>
struct Binary<BinaryFunction::divide> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a / b;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_a(V, V b, V) const {
    return splat<V>(1) / b;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_b(V, V b, V y) const {
    return -y / b;
  }
};
template <>
struct Binary<BinaryFunction::power> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return power_of(a, b);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_a(V a, V b, V) const {
    return b == splat<V>(0) ? splat<V>(0) : b * power_of(a, b - splat<V>(1));
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_b(V a, V b, V y) const {  // 0 log(0) counts as 0
    const V usual = y * log_of(a), at_zero = b >= splat<V>(0) ? splat<V>(0) : usual;
    return a == splat<V>(0) ? at_zero : usual;
  }
};
// Equal elements share the gradient. A NaN takes precedence.
template <>
struct Binary<BinaryFunction::minimum> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return ((b < a) | (b != b)) ? b : a;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_a(V a, V b, V) const {
    return a == b ? splat<V>(0.5) : a > b ? splat<V>(0) : splat<V>(1);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_b(V a, V b, V) const {
    return a == b ? splat<V>(0.5) : b > a ? splat<V>(0) : splat<V>(1);
  }
};
template <>
struct Binary<BinaryFunction::maximum> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return ((b > a) | (b != b)) ? b : a;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_a(V a, V b, V) const {
    return a == b ? splat<V>(0.5) : a < b ? splat<V>(0) : splat<V>(1);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE V d_b(V a, V b, V) const {
    return a == b ? splat<V>(0.5) : b < a ? splat<V>(0) : splat<V>(1);
  }
};
template <>
struct Binary<BinaryFunction::greater> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a > b ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Binary<BinaryFunction::greater_equal> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a >= b ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Binary<BinaryFunction::less> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a < b ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Binary<BinaryFunction::less_equal> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a <= b ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Binary<BinaryFunction::equal> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a == b ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Binary<BinaryFunction::not_equal> {
  template <class V>
  LSTMLIB_HOST_DEVICE V operator()(V a, V b) const {
    return a != b ? splat<V>(1) : splat<V>(0);
  }
};
