// SPDX-License-Identifier: MIT
// Loops over elements for the functions of math/elementwise.inl and math/binary.inl. Templates of the function:
// a program compiles the functions that it uses.

template <class T, UnaryFunction f>
void map_elements(const ElementwiseOptions& options, const T* x, Index count, T* y) {
  constexpr int lanes = lanes_of<T>;
  const Unary<f> function;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store<T>(y + i, function(load(x + i), options));
  if (i < count) store_part<T>(y + i, function(load_part(x + i, count - i), options), count - i);
}
// d_x += d_y f'(x). x or y is null if the derivative does not read it.
template <class T, UnaryFunction f>
void map_elements_backward(const ElementwiseOptions& options, const T* x, const T* y, const T* d_y,
                           Index count, T* d_x) {
  constexpr int lanes = lanes_of<T>;
  using V = Lanes<T>;
  const Unary<f> function;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    V at_x{}, at_y{};
    if constexpr (Unary<f>::reads_x) at_x = load(x + i);
    if constexpr (Unary<f>::reads_y) at_y = load(y + i);
    store<T>(d_x + i, load(d_x + i) + load(d_y + i) * function.derivative(at_x, at_y, options));
  }
  if (i < count) {
    const Index rest = count - i;
    V at_x{}, at_y{};
    if constexpr (Unary<f>::reads_x) at_x = load_part(x + i, rest);
    if constexpr (Unary<f>::reads_y) at_y = load_part(y + i, rest);
    const V d = load_part(d_y + i, rest) * function.derivative(at_x, at_y, options);
    store_part<T>(d_x + i, load_part(d_x + i, rest) + d, rest);
  }
}

// An operand with step 0 has one element for all: a vector of copies stands for it, from which loads do not
// move on. So one loop serves all kinds of operands.
template <class T>
struct Operand {
  T copies[lanes_of<T>];
  const T* data;
  Index step;

  Operand(const T* from, Index by) : data(from), step(by) {
    if (step != 0) return;
    store<T>(copies, *from - Lanes<T>{});
    data = copies;
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
  [[gnu::always_inline]] Lanes<T> at(Index i) const { return load(data + i * step); }
  [[gnu::always_inline]] Lanes<T> part_at(Index i, Index count) const {
    return load_part(data + i * step, count);
  }
};
template <class T>
[[gnu::always_inline]] inline void put(T* to, bool accumulate, Lanes<T> value) {
  store<T>(to, accumulate ? load(to) + value : value);
}
template <class T>
[[gnu::always_inline]] inline void put_part(T* to, bool accumulate, Lanes<T> value, Index count) {
  store_part<T>(to, accumulate ? load_part(to, count) + value : value, count);
}

template <class T, BinaryFunction f>
void join_elements(const T* first, Index first_step, const T* second, Index second_step, Index count,
                   bool accumulate, T* y) {
  constexpr int lanes = lanes_of<T>;
  const Binary<f> function;
  const Operand<T> a(first, first_step), b(second, second_step);
  Index i = 0;
  for (; i + lanes <= count; i += lanes) put<T>(y + i, accumulate, function(a.at(i), b.at(i)));
  const Index rest = count - i;
  if (rest > 0) put_part<T>(y + i, accumulate, function(a.part_at(i, rest), b.part_at(i, rest)), rest);
}
template <class T, BinaryFunction f, int side>
[[gnu::always_inline]] inline Lanes<T> partial_derivative(Lanes<T> a, Lanes<T> b, Lanes<T> y) {
  if constexpr (side == 0) return Binary<f>{}.d_a(a, b, y);
  else return Binary<f>{}.d_b(a, b, y);
}
// d = or += d_y times the derivative by operand `side`.
template <class T, BinaryFunction f, int side>
void join_elements_backward(const T* first, Index first_step, const T* second, Index second_step, const T* y,
                            const T* d_y, Index count, bool accumulate, T* d) {
  constexpr int lanes = lanes_of<T>;
  const Operand<T> a(first, first_step), b(second, second_step);
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    put<T>(d + i, accumulate, load(d_y + i) * partial_derivative<T, f, side>(a.at(i), b.at(i), load(y + i)));
  const Index rest = count - i;
  if (rest > 0)
    put_part<T>(
        d + i, accumulate,
        load_part(d_y + i, rest) *
            partial_derivative<T, f, side>(a.part_at(i, rest), b.part_at(i, rest), load_part(y + i, rest)),
        rest);
}

// y = or += a where the mask is not 0, b elsewhere.
template <class T>
void select_elements(const T* mask, Index mask_step, const T* first, Index first_step, const T* second,
                     Index second_step, Index count, bool accumulate, T* y) {
  constexpr int lanes = lanes_of<T>;
  const Operand<T> m(mask, mask_step), a(first, first_step), b(second, second_step);
  Index i = 0;
  for (; i + lanes <= count; i += lanes) put<T>(y + i, accumulate, m.at(i) != Lanes<T>{} ? a.at(i) : b.at(i));
  const Index rest = count - i;
  if (rest > 0)
    put_part<T>(y + i, accumulate, m.part_at(i, rest) != Lanes<T>{} ? a.part_at(i, rest) : b.part_at(i, rest),
                rest);
}
