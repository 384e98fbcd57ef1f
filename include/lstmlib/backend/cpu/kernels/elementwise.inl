// SPDX-License-Identifier: MIT
// Loops over elements: sums, activations, dropout.

template <class T>
void add(const T* from, Index count, T* to) {
  constexpr int lanes = lanes_of<T>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store<T>(to + i, load(to + i) + load(from + i));
  for (; i < count; ++i) to[i] += from[i];
}
template <class V>
[[gnu::always_inline]] inline V larger_or_nan(V a, V b) {
  return ((b > a) | (b != b)) ? b : a;
}
template <class T>
void maximum(const T* from, Index count, T* to) {
  constexpr int lanes = lanes_of<T>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store<T>(to + i, larger_or_nan(load(to + i), load(from + i)));
  if (i < count)
    store_part<T>(to + i, larger_or_nan(load_part(to + i, count - i), load_part(from + i, count - i)),
                  count - i);
}
template <class T>
void add_scaled(T factor, const T* from, Index count, T* to) {
  constexpr int lanes = lanes_of<T>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store<T>(to + i, load(to + i) + factor * load(from + i));
  if (i < count)
    store_part<T>(to + i, load_part(to + i, count - i) + factor * load_part(from + i, count - i), count - i);
}
template <class T>
void multiply(const T* a, const T* b, Index count, bool accumulate, T* to) {
  constexpr int lanes = lanes_of<T>;
  for (Index i = 0; i < count; i += lanes) {
    if (count - i >= lanes) {
      const Lanes<T> product = load(a + i) * load(b + i);
      store<T>(to + i, accumulate ? load(to + i) + product : product);
    } else {
      const Lanes<T> product = load_part(a + i, count - i) * load_part(b + i, count - i);
      store_part<T>(to + i, accumulate ? load_part(to + i, count - i) + product : product, count - i);
    }
  }
}
template <class T>
void sum_rows(const T* x, Index x_row, Index rows, int vectors, T* sum) {
  constexpr int lanes = lanes_of<T>;
  for (; vectors >= 4;
       vectors -= 4, x += 4 * lanes, sum += 4 * lanes) {  // four sums at a time hide the latency
    Lanes<T> total[4] = {load(sum), load(sum + lanes), load(sum + 2 * lanes), load(sum + 3 * lanes)};
    for (Index row = 0; row < rows; ++row)
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) total[j] = total[j] + load(x + row * x_row + j * lanes);
    for (int j = 0; j < 4; ++j) store<T>(sum + j * lanes, total[j]);
  }
  for (int j = 0; j < vectors; ++j) {
    Lanes<T> total = load(sum + j * lanes);
    for (Index row = 0; row < rows; ++row) total = total + load(x + row * x_row + j * lanes);
    store<T>(sum + j * lanes, total);
  }
}

template <class T, class F>
void map_with(F f, const T* x, Index count, T* y) {
  constexpr int lanes = lanes_of<T>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store<T>(y + i, f(load(x + i)));
  if (i < count) store_part<T>(y + i, f(load_part(x + i, count - i)), count - i);
}
template <class T>
void unary(UnaryOp kind, const T* x, Index count, T* y) {
  switch (kind) {
    case UnaryOp::tanh: return map_with(Tanh{}, x, count, y);
    case UnaryOp::sigmoid: return map_with(Sigmoid{}, x, count, y);
    case UnaryOp::relu: return map_with(Relu{}, x, count, y);
  }
}
template <class T, class F>
void map_backward_with(F f, const T* y, const T* d_y, Index count, T* d_x) {
  constexpr int lanes = lanes_of<T>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    store<T>(d_x + i, load(d_x + i) + load(d_y + i) * f.derivative(load(y + i)));
  if (i < count) {
    const Index rest = count - i;
    const Lanes<T> d = load_part(d_y + i, rest) * f.derivative(load_part(y + i, rest));
    store_part<T>(d_x + i, load_part(d_x + i, rest) + d, rest);
  }
}
template <class T>
void unary_backward(UnaryOp kind, const T* y, const T* d_y, Index count, T* d_x) {
  switch (kind) {
    case UnaryOp::tanh: return map_backward_with(Tanh{}, y, d_y, count, d_x);
    case UnaryOp::sigmoid: return map_backward_with(Sigmoid{}, y, d_y, count, d_x);
    case UnaryOp::relu: return map_backward_with(Relu{}, y, d_y, count, d_x);
  }
}
