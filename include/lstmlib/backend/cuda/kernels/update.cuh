// SPDX-License-Identifier: MIT
#pragma once
// Optimizer updates: one pass over value, gradient and state of many parameters in one launch.

#include "lstmlib/backend/cuda/kernels/reduce.cuh"
#include "lstmlib/math/update_formulas.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The gradient transforms of the hooks, as a kernel argument.
struct GradientTransforms {
  static constexpr int max = 16;

  int count = 0;
  math::GradientTransform transform[max];

  template <class T>
  LSTMLIB_HOST_DEVICE T operator()(T value, T gradient) const {
    for (int i = 0; i < count; ++i) {
      math::GradientTransform one = transform[i];
      if (one.factor) one.value = *one.factor;
      gradient = math::apply_transform(one, value, gradient);
    }
    return gradient;
  }
};

/// One parameter and its gradient: dense, sparse, or absent (zeros).
template <class T>
struct UpdateSpan {
  Index size, width;
  T* value;
  const T* gradient;         ///< dense, or the rows of a sparse gradient; null: zeros
  const std::int32_t* rows;  ///< for each row of the value, its gradient row or -1; null: dense
  T* state[math::max_states];

  LSTMLIB_HOST_DEVICE T gradient_at(Index i) const {
    if (!gradient) return T(0);
    if (!rows) return gradient[i];
    const Index row = i / width, from = rows[row];
    return from < 0 ? T(0) : gradient[from * width + (i - row * width)];
  }
};

/// The parameters of one launch. Their number is limited by the size of kernel arguments, 4 KB.
template <class T>
struct UpdateTable {
  static constexpr int max = 40;
  static constexpr Index a_block = 2048;  ///< elements

  int count = 0;
  int first_block[max + 1] = {0};
  UpdateSpan<T> span[max];

  int blocks() const { return first_block[count]; }
};
static_assert(sizeof(UpdateTable<double>) + sizeof(GradientTransforms) + sizeof(math::AmsBoundRule) < 4000);

/// Calls `use(span, i)` for the elements of this thread. A block handles a piece of one span.
template <class T, class Use>
__device__ inline void for_each_in_table(const UpdateTable<T>& table, Use use) {
  int which = 0;
  while (table.first_block[which + 1] <= simt::block_index()) ++which;
  const UpdateSpan<T>& span = table.span[which];
  const Index first = Index{simt::block_index() - table.first_block[which]} * UpdateTable<T>::a_block;
  const Index end = first + UpdateTable<T>::a_block < span.size ? first + UpdateTable<T>::a_block : span.size;
  for (Index i = first + simt::thread_index(); i < end; i += default_threads) use(span, i);
}

template <class T, class Rule>
struct UpdateElement {
  const Rule& rule;
  const GradientTransforms& transforms;
  __device__ void operator()(const UpdateSpan<T>& span, Index i) const {
    T value = span.value[i], state[math::max_states] = {};
#pragma unroll
    for (int k = 0; k < static_cast<int>(Rule::states); ++k) state[k] = span.state[k][i];
    math::apply_rule(rule, value, transforms(value, span.gradient_at(i)), state[0], state[1], state[2]);
    span.value[i] = value;
#pragma unroll
    for (int k = 0; k < static_cast<int>(Rule::states); ++k) span.state[k][i] = state[k];
  }
};
template <class T, class Rule>
__global__ void __launch_bounds__(default_threads)
    update_kernel(const UpdateTable<T> table, const GradientTransforms transforms, const Rule rule) {
  for_each_in_table(table, UpdateElement<T, Rule>{rule, transforms});
}

template <class T>
struct AddSquare {
  const GradientTransforms& transforms;
  double& sum;
  __device__ void operator()(const UpdateSpan<T>& span, Index i) const {
    const auto g = static_cast<double>(transforms(span.value[i], span.gradient_at(i)));
    sum += g * g;
  }
};
/// parts[block] = sum of squares of the block's elements
template <class T>
__global__ void __launch_bounds__(default_threads)
    squared_norm_kernel(const UpdateTable<T> table, const GradientTransforms transforms, double* parts) {
  double sum = 0;
  for_each_in_table(table, AddSquare<T>{transforms, sum});
  sum = reduce_block(sum, Sum{}, simt::SharedArray<double>{0});
  if (simt::thread_index() == 0) parts[simt::block_index()] = sum;
}
/// One block: *sum += all parts.
[[maybe_unused]] static __global__ void __launch_bounds__(default_threads)
    add_parts_kernel(const double* parts, Index count, double* sum) {
  double all = 0;
  for (Index i = simt::thread_index(); i < count; i += default_threads) all += parts[i];
  all = reduce_block(all, Sum{}, simt::SharedArray<double>{0});
  if (simt::thread_index() == 0) *sum += all;
}

struct ClipFactorBody {
  double threshold;
  const double* squared_norm;
  double* factor;
  LSTMLIB_HOST_DEVICE void operator()(Index) const {
    const double rate = threshold / math::square_root(*squared_norm);
    *factor = rate >= 1 ? 1 : rate;  // NaN stays NaN, and so become all gradients
  }
};
template <class T>
struct TransformGradientBody {
  GradientTransforms transforms;
  const T* value;
  T* gradient;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { gradient[i] = transforms(value[i], gradient[i]); }
};
/// rows[ids[i]] = i. Skips negative ids and ids outside the table, which the forward pass has reported.
struct PlaceRowsBody {
  const std::int32_t* ids;
  std::int32_t* rows;
  Index table_rows;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const {
    if (ids[i] >= 0 && ids[i] < table_rows) rows[ids[i]] = static_cast<std::int32_t>(i);
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
