// SPDX-License-Identifier: MIT
// Vectors in the registers of one instruction set, and the functions that the shared formulas use. Included
// once per instruction set, between the push and the pop of its target. See kernel_sets.hpp for the rules of
// these files.

template <class T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(vector_bytes)));
  typedef T InMemory __attribute__((vector_size(vector_bytes), aligned(alignof(T)), may_alias));
};
template <class T>
using Lanes = typename VectorOf<T>::Type;
template <class T>
inline constexpr int lanes_of = vector_bytes / int{sizeof(T)};
using WideLanes = Lanes<std::uint64_t>;

// Element type of a vector, and the vector of integers of the same size.
template <class V>
struct VectorTraits;
template <>
struct VectorTraits<Lanes<float>> {
  using Element = float;
  using Bits = Lanes<std::int32_t>;
};
template <>
struct VectorTraits<Lanes<double>> {
  using Element = double;
  using Bits = Lanes<std::int64_t>;
};

template <class T>
[[gnu::always_inline]] inline Lanes<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T>::InMemory*>(from);
}
template <class T>
[[gnu::always_inline]] inline void store(T* to, Lanes<T> value) {
  *reinterpret_cast<typename VectorOf<T>::InMemory*>(to) = value;
}
// Loads the first `count` elements, followed by zeros; stores only the first `count` elements.
template <class T>
[[gnu::always_inline]] inline Lanes<T> load_part(const T* from, Index count) {
  T part[lanes_of<T>] = {};
  for (Index i = 0; i < count; ++i) part[i] = from[i];
  return load<T>(part);
}
template <class T>
[[gnu::always_inline]] inline void store_part(T* to, Lanes<T> value, Index count) {
  T part[lanes_of<T>];
  store<T>(part, value);
  for (Index i = 0; i < count; ++i) to[i] = part[i];
}

template <class V>
[[gnu::always_inline]] inline V splat(double x) {
  return static_cast<typename VectorTraits<V>::Element>(x) - V{};  // minus, because plus would turn -0 into 0
}
template <class V>
[[gnu::always_inline]] inline V minimum(V a, V b) {
  return b < a ? b : a;
}
template <class V>
[[gnu::always_inline]] inline V maximum(V a, V b) {
  return a < b ? b : a;
}
template <class V>
[[gnu::always_inline]] inline V heaviside(V x) {
  return x > V{} ? splat<V>(1) : V{};
}
template <class V>
[[gnu::always_inline]] inline V sign_of(V x) {
  return x > V{} ? splat<V>(1) : x < V{} ? splat<V>(-1) : x;
}

// a0 b0 a1 b1 ... of the lower or upper halves of two vectors.
template <class V>
[[gnu::always_inline]] inline V zip_low(V a, V b) {
  constexpr int lanes = vector_bytes / int{sizeof(a[0])};
  if constexpr (lanes == 16)
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  else if constexpr (lanes == 8) return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  else if constexpr (lanes == 4) return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  else return __builtin_shufflevector(a, b, 0, 2);
}
template <class V>
[[gnu::always_inline]] inline V zip_high(V a, V b) {
  constexpr int lanes = vector_bytes / int{sizeof(a[0])};
  if constexpr (lanes == 16)
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  else if constexpr (lanes == 8) return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  else if constexpr (lanes == 4) return __builtin_shufflevector(a, b, 2, 6, 3, 7);
  else return __builtin_shufflevector(a, b, 1, 3);
}
