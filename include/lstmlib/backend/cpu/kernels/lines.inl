// SPDX-License-Identifier: MIT
// Reductions of lines with the formulas of math/reduction.inl. Templates of the reduction, as in array.inl.

// The result of a contiguous line of `count` elements.
template <class T, Reduction r>
T reduce_line(const T* x, Index count, T c) {
  using R = Reduce<r>;
  using V = Lanes<T>;
  constexpr int lanes = lanes_of<T>;
  const V centre = c - V{}, start = R::template start<V>();
  V all[4] = {start, start, start, start};  // four at a time hide the latency
  Index i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) all[j] = R::step(all[j], load(x + i + j * lanes), centre);
  for (; i + lanes <= count; i += lanes) all[0] = R::step(all[0], load(x + i), centre);
  const V joined = R::join(R::join(all[0], all[1]), R::join(all[2], all[3]));
  T result = joined[0];
  for (int lane = 1; lane < lanes; ++lane) result = R::template join<T>(result, joined[lane]);
  if (i < count) {
    const V rest = R::step(start, load_part(x + i, count - i), centre);
    for (int lane = 0; lane < count - i; ++lane) result = R::template join<T>(result, rest[lane]);
  }
  return result;
}
// y[j] = factor times the result of `size` elements at x[j], x[j + row], ... for `count` columns. c is null
// or one number for each column.
template <class T, Reduction r>
void reduce_columns(const T* x, Index row, Index size, const T* c, Index count, T factor, T* y) {
  using R = Reduce<r>;
  using V = Lanes<T>;
  constexpr int lanes = lanes_of<T>;
  const V start = R::template start<V>();
  Index j = 0;
  for (; j + 4 * lanes <= count; j += 4 * lanes) {
    V all[4] = {start, start, start, start}, centre[4] = {};
    if (c)
      for (int k = 0; k < 4; ++k) centre[k] = load(c + j + k * lanes);
    for (Index i = 0; i < size; ++i)
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) all[k] = R::step(all[k], load(x + i * row + j + k * lanes), centre[k]);
    for (int k = 0; k < 4; ++k) store<T>(y + j + k * lanes, factor * all[k]);
  }
  for (; j < count; j += lanes) {
    const Index some = count - j < lanes ? count - j : lanes;
    V all = start, centre{};
    if (c) centre = load_part(c + j, some);
    for (Index i = 0; i < size; ++i) all = R::step(all, load_part(x + i * row + j, some), centre);
    store_part<T>(y + j, factor * all, some);
  }
}
// d_x += factor d_y slope(x, c). The steps of c and d_y are 0 or 1.
template <class T, Reduction r>
void reduce_backward(const T* x, const T* line_c, Index c_step, const T* line_d_y, Index d_step, Index count,
                     T factor, T* d_x) {
  using R = Reduce<r>;
  constexpr int lanes = lanes_of<T>;
  const Operand<T> c(line_c, c_step), d_y(line_d_y, d_step);
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    store<T>(d_x + i, load(d_x + i) + factor * d_y.at(i) * R::slope(load(x + i), c.at(i)));
  const Index rest = count - i;
  if (rest > 0) {
    const Lanes<T> d = factor * d_y.part_at(i, rest) * R::slope(load_part(x + i, rest), c.part_at(i, rest));
    store_part<T>(d_x + i, load_part(d_x + i, rest) + d, rest);
  }
}
