// SPDX-License-Identifier: MIT
// Layer normalisation of lines of elements. Templates of the element type, as in array.inl: a program compiles
// them if it uses them.

// What is summed over a line: four vectors at a time hide the latency.
template <class T>
struct LineSum {
  Lanes<T> all[4] = {};
  T rest = 0;
  [[gnu::always_inline]] T total() const {
    const Lanes<T> joined = (all[0] + all[1]) + (all[2] + all[3]);
    T sum = rest;
    for (int lane = 0; lane < lanes_of<T>; ++lane) sum += joined[lane];
    return sum;
  }
};

// y = (x - mean) / sqrt(variance + eps) gain + bias of a line. gain and bias may be null.
template <class T>
void layer_norm_line(const T* x, const T* gain, const T* bias, Index count, T eps, T* y, T* mean, T* scale) {
  constexpr int lanes = lanes_of<T>;
  LineSum<T> sum, squares;
  Index i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sum.all[j] += load(x + i + j * lanes);
  for (; i < count; ++i) sum.rest += x[i];
  const T centre = sum.total() / static_cast<T>(count);
  for (i = 0; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const Lanes<T> distance = load(x + i + j * lanes) - centre;
      squares.all[j] += distance * distance;
    }
  for (; i < count; ++i) squares.rest += (x[i] - centre) * (x[i] - centre);
  const T variance = squares.total() / static_cast<T>(count) + eps;
  const T factor = T(1) / (sizeof(T) == 4 ? __builtin_sqrtf(float(variance)) : T(__builtin_sqrt(variance)));
  *mean = centre;
  *scale = factor;
  for (i = 0; i + lanes <= count; i += lanes) {
    Lanes<T> value = (load(x + i) - centre) * factor;
    if (gain) value *= load(gain + i);
    if (bias) value += load(bias + i);
    store<T>(y + i, value);
  }
  for (; i < count; ++i) {
    T value = (x[i] - centre) * factor;
    if (gain) value *= gain[i];
    if (bias) value += bias[i];
    y[i] = value;
  }
}

// d_x += the gradient by a line; d_gain += d_y (x - mean) scale. Either may be null.
template <class T>
void layer_norm_line_backward(const T* x, const T* gain, const T* d_y, Index count, T mean, T scale, T* d_x,
                              T* d_gain) {
  constexpr int lanes = lanes_of<T>;
  if (d_gain) {
    Index i = 0;
    for (; i + lanes <= count; i += lanes)
      store<T>(d_gain + i, load(d_gain + i) + load(d_y + i) * ((load(x + i) - mean) * scale));
    for (; i < count; ++i) d_gain[i] += d_y[i] * ((x[i] - mean) * scale);
  }
  if (!d_x) return;
  // Of the normalised elements n: d_x = scale (d - mean of d - n times the mean of d n), where d = d_y gain.
  LineSum<T> sum, product;
  Index i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const Index at = i + j * lanes;
      Lanes<T> d = load(d_y + at);
      if (gain) d *= load(gain + at);
      sum.all[j] += d;
      product.all[j] += d * ((load(x + at) - mean) * scale);
    }
  for (; i < count; ++i) {
    const T d = gain ? d_y[i] * gain[i] : d_y[i];
    sum.rest += d;
    product.rest += d * ((x[i] - mean) * scale);
  }
  const T d_mean = sum.total() / static_cast<T>(count), d_scale = product.total() / static_cast<T>(count);
  for (i = 0; i + lanes <= count; i += lanes) {
    Lanes<T> d = load(d_y + i);
    if (gain) d *= load(gain + i);
    const Lanes<T> normal = (load(x + i) - mean) * scale;
    store<T>(d_x + i, load(d_x + i) + scale * (d - d_mean - normal * d_scale));
  }
  for (; i < count; ++i) {
    const T d = gain ? d_y[i] * gain[i] : d_y[i];
    d_x[i] += scale * (d - d_mean - (x[i] - mean) * scale * d_scale);
  }
}
