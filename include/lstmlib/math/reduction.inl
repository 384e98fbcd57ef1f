// SPDX-License-Identifier: MIT
// Reductions of lines of elements, for scalars and SIMD vectors, like elementwise.inl. `step` adds an element
// x, `join` combines two results, and slope(x, c) is the derivative of the result by x. c is one number for
// each line: what `step` gets in the forward pass, and the caller's choice in the backward pass.

template <Reduction r>
struct Reduce;

template <>
struct Reduce<Reduction::min> {  // backward: c is the minimum
  template <class V>
  LSTMLIB_HOST_DEVICE static V start() {
    return splat<V>(__builtin_inf());
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V join(V a, V b) {
    return ((b < a) | (b != b)) ? b : a;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V step(V all, V x, V) {
    return join(all, x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V slope(V x, V c) {
    return ((x == c) | ((x != x) & (c != c))) ? splat<V>(1) : splat<V>(0);
  }
};
template <>
struct Reduce<Reduction::sum_abs> {
  template <class V>
  LSTMLIB_HOST_DEVICE static V start() {
    return splat<V>(0);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V step(V all, V x, V) {
    return all + absolute(x);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V slope(V x, V) {
    return sign_of(x);
  }
};
template <>
struct Reduce<Reduction::sum_squares> {  // of x - c
  template <class V>
  LSTMLIB_HOST_DEVICE static V start() {
    return splat<V>(0);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V step(V all, V x, V c) {
    return all + (x - c) * (x - c);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V slope(V x, V c) {
    return splat<V>(2) * (x - c);
  }
};
// Of x - c. c is the maximum, then the logarithm of the sum. An infinite c would give infinity minus
// infinity.
template <>
struct Reduce<Reduction::sum_exp> {
  template <class V>
  LSTMLIB_HOST_DEVICE static V start() {
    return splat<V>(0);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V slope(V x, V c) {
    return exp_of(absolute(c) == splat<V>(__builtin_inf()) ? x : x - c);
  }
  template <class V>
  LSTMLIB_HOST_DEVICE static V step(V all, V x, V c) {
    return all + slope(x, c);
  }
};
