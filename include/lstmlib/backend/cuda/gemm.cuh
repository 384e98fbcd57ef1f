// SPDX-License-Identifier: MIT
#pragma once
// Matrix products by cuBLAS. Our matrices are row-major and those of cuBLAS column-major. So cuBLAS sees
// transposed matrices and computes cᵀ = bᵀ aᵀ.

#include "lstmlib/base/precision.hpp"
#include "lstmlib/backend/cuda/context.hpp"
#include "lstmlib/backend/cuda/kernels/bf16.cuh"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

namespace detail {

template <class T>
inline constexpr cudaDataType_t cuda_type = std::is_same_v<T, float>    ? CUDA_R_32F
                                            : std::is_same_v<T, double> ? CUDA_R_64F
                                                                        : CUDA_R_16BF;

/// c = or += a b, with sums in the type of c.
template <class Operand, class T>
void blas_gemm(Context& context, cublasComputeType_t compute, MatrixOperand<Operand> a,
               MatrixOperand<Operand> b, View<T> c, OutputMode how) {
  const Index rows = a.rows(), inner = a.columns(), columns = b.columns();
  if (rows == 0 || columns == 0) return;
  if (std::max({rows, inner, columns}) > std::numeric_limits<int>::max())
    fail<ShapeError>("gemm: ", rows, " x ", inner, " x ", columns, " is too large for cuBLAS");
  const T alpha = 1, beta = how == OutputMode::accumulate ? T(1) : T(0);
  // Even a matrix without elements needs a row size of at least 1.
  const auto row_size = [](const MatrixOperand<Operand>& operand) {
    return static_cast<int>(std::max<Index>(1, operand.matrix.shape.row_size()));
  };
  const auto kind = [](const MatrixOperand<Operand>& operand) {
    return operand.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  };
  const auto exclusive = context.stream.exclusive();
  const CurrentDevice scope(context.stream.device());
  context.blas.with_handle([&](cublasHandle_t handle) {
    check(cublasGemmEx(handle, kind(b), kind(a), static_cast<int>(columns), static_cast<int>(rows),
                       static_cast<int>(inner), &alpha, b.matrix.data, cuda_type<Operand>, row_size(b),
                       a.matrix.data, cuda_type<Operand>, row_size(a), &beta, c.data, cuda_type<T>,
                       static_cast<int>(columns), compute, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  });
}

}  // namespace detail

/// c = a b or c += a b
inline void gemm(Context& context, MatrixOperand<Bf16> a, MatrixOperand<Bf16> b, View<float> c,
                 OutputMode how) {
  detail::blas_gemm(context, CUBLAS_COMPUTE_32F, a, b, c, how);
}
/// The same for matrices split into two bfloat16 parts, with 16 bits of precision. The product of the low
/// parts is left out. The left matrix may be transposed, the right one not.
inline void gemm(Context& context, const SplitMatrix& a, bool transposed, const SplitMatrix& b, View<float> c,
                 OutputMode how) {
  using Matrix = MatrixOperand<Bf16>;
  if (transposed) return gemm(context, Matrix(a.stacked, true), Matrix(b.stacked, false), c, how);
  gemm(context, Matrix(a.high, false), Matrix(b.high, false), c, how);
  gemm(context, Matrix(a.low, false), Matrix(b.high, false), c, OutputMode::accumulate);
  gemm(context, Matrix(a.high, false), Matrix(b.low, false), c, OutputMode::accumulate);
}
inline void gemm(Context& context, MatrixOperand<double> a, MatrixOperand<double> b, View<double> c,
                 OutputMode how) {
  detail::blas_gemm(context, CUBLAS_COMPUTE_64F, a, b, c, how);
}
/// Precisions: fp32 (never TF32), fp32_strict (cuBLAS's pedantic mode), fp16 (cuBLAS's TF32 mode), or bf16,
/// with operands rounded here. Sums are float32.
inline void gemm(Context& context, MatrixOperand<float> a, MatrixOperand<float> b, View<float> c,
                 OutputMode how, Precision precision = Precision::fp32) {
  if (precision != Precision::bf16)
    return detail::blas_gemm(context,
                             precision == Precision::fp16          ? CUBLAS_COMPUTE_32F_FAST_TF32
                             : precision == Precision::fp32_strict ? CUBLAS_COMPUTE_32F_PEDANTIC
                                                                   : CUBLAS_COMPUTE_32F,
                             a, b, c, how);
  Scratch scratch(context);
  const auto rounded = [&](const MatrixOperand<float>& operand) {
    const View<Bf16> made = scratch.take<Bf16>(operand.matrix.shape);
    round_to_bf16(context.stream, operand.matrix, made);
    return MatrixOperand<Bf16>(made, operand.transposed);
  };
  const MatrixOperand<Bf16> left = rounded(a), right = rounded(b);
  gemm(context, left, right, c, how);
}

}  // namespace lstmlib::cuda
