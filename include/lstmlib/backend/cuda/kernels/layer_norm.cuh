// SPDX-License-Identifier: MIT
#pragma once
// Layer normalisation: a warp or a block handles a row.

#include "lstmlib/backend/cuda/kernels/softmax.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <class T>
struct LayerNorm {
  const T *x, *gain, *bias;  ///< gain and bias may be null
  Index features;
  T eps;
  T *y, *mean, *scale;
  template <class Together>
  __device__ void operator()(Index at, const LinePart& part, Together together) const {
    using std::sqrt;
    const T count = static_cast<T>(features);
    T sum = 0;
    for (Index i = part.first; i < part.size; i += part.step) sum += x[at + i];
    const T centre = together(sum, Sum{}) / count;
    T squares = 0;
    for (Index i = part.first; i < part.size; i += part.step)
      squares += (x[at + i] - centre) * (x[at + i] - centre);
    const T factor = T(1) / sqrt(together(squares, Sum{}) / count + eps);
    if (part.first == 0) {
      mean[at / features] = centre;
      scale[at / features] = factor;
    }
    for (Index i = part.first; i < part.size; i += part.step) {
      T value = (x[at + i] - centre) * factor;
      if (gain) value *= gain[i];
      if (bias) value += bias[i];
      y[at + i] = value;
    }
  }
};

/// The gradient by x, as in layer_norm.inl.
template <class T>
struct LayerNormBackward {
  const T *x, *gain, *d_y, *mean, *scale;
  Index features;
  T* d_x;
  template <class Together>
  __device__ void operator()(Index at, const LinePart& part, Together together) const {
    const T centre = mean[at / features], factor = scale[at / features], count = static_cast<T>(features);
    T sum = 0, product = 0;
    for (Index i = part.first; i < part.size; i += part.step) {
      const T d = gain ? d_y[at + i] * gain[i] : d_y[at + i];
      sum += d;
      product += d * ((x[at + i] - centre) * factor);
    }
    sum = together(sum, Sum{}) / count;
    product = together(product, Sum{}) / count;
    for (Index i = part.first; i < part.size; i += part.step) {
      const T d = gain ? d_y[at + i] * gain[i] : d_y[at + i];
      d_x[at + i] += factor * (d - sum - (x[at + i] - centre) * factor * product);
    }
  }
};
/// What each element adds to the gradient of the gain.
template <class T>
struct LayerNormGainBody {
  const T *x, *d_y, *mean, *scale;
  Index features;
  T* parts;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    const Index at = row * features + column;
    parts[at] = d_y[at] * ((x[at] - mean[row]) * scale[row]);
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
