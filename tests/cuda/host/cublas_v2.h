// SPDX-License-Identifier: MIT
#pragma once
// Stands for the header of cuBLAS in tests: the functions that lstmlib uses, computed on the host when the
// stream comes to them. Matrices are column-major, as there.

#include "lstmlib/version.hpp"

#include <cuda_runtime.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_64F = 1, CUDA_R_16BF = 14 };
typedef cudaDataType_t cudaDataType;

enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
};
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cublasPointerMode_t { CUBLAS_POINTER_MODE_HOST = 0, CUBLAS_POINTER_MODE_DEVICE = 1 };
enum cublasAtomicsMode_t { CUBLAS_ATOMICS_NOT_ALLOWED = 0, CUBLAS_ATOMICS_ALLOWED = 1 };
enum cublasMath_t { CUBLAS_DEFAULT_MATH = 0, CUBLAS_PEDANTIC_MATH = 2, CUBLAS_TF32_TENSOR_OP_MATH = 3 };
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT = -1 };
enum cublasComputeType_t {
  CUBLAS_COMPUTE_32F = 68,
  CUBLAS_COMPUTE_32F_PEDANTIC = 69,
  CUBLAS_COMPUTE_64F = 70,
  CUBLAS_COMPUTE_64F_PEDANTIC = 71,
  CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
};
typedef cublasContext* cublasHandle_t;

inline const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "unrecognized error code";
}
inline const char* cublasGetStatusString(cublasStatus_t status) { return cublasGetStatusName(status); }

inline cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
/// As cuBLAS does, takes away the workspace.
inline cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->workspace = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t mode) {
  return mode == CUBLAS_ATOMICS_NOT_ALLOWED ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}
inline cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t mode) {
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}
inline cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  handle->math = mode;
  return CUBLAS_STATUS_SUCCESS;
}

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// A float with the 11 bits of TF32, rounded to nearest, ties to even.
inline float as_tf32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::isfinite(value) ? std::bit_cast<float>((bits + 0xfffu + ((bits >> 13) & 1u)) & ~0x1fffu)
                              : value;
}

struct GemmOperand {
  const void* data;
  cudaDataType type;
  int row_size;  ///< elements from column to column
  bool transposed;
};

/// The matrix that the product sees, [rows, columns] column-major.
template <class Sum>
std::vector<Sum> unpacked(const GemmOperand& operand, int rows, int columns, bool tf32) {
  std::vector<Sum> made(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  auto to = made.begin();
  for (int column = 0; column < columns; ++column)
    for (int row = 0; row < rows; ++row) {
      const std::ptrdiff_t at = operand.transposed ? std::ptrdiff_t{row} * operand.row_size + column
                                                   : std::ptrdiff_t{column} * operand.row_size + row;
      Sum value;
      if (operand.type == CUDA_R_64F) value = static_cast<Sum>(static_cast<const double*>(operand.data)[at]);
      else if (operand.type == CUDA_R_32F)
        value = static_cast<Sum>(static_cast<const float*>(operand.data)[at]);
      else
        value = static_cast<Sum>(
            std::bit_cast<float>(std::uint32_t{static_cast<const std::uint16_t*>(operand.data)[at]} << 16));
      *to++ = tf32 ? static_cast<Sum>(as_tf32(static_cast<float>(value))) : value;
    }
  return made;
}

/// c = alpha a b + beta c; what is in c does not matter where beta is 0.
template <class Sum>
void gemm(const GemmOperand& a, const GemmOperand& b, int rows, int columns, int inner, bool tf32, Sum alpha,
          Sum beta, Sum* c, int c_row_size) {
  const auto left = unpacked<Sum>(a, rows, inner, tf32), right = unpacked<Sum>(b, inner, columns, tf32);
  std::vector<Sum> sums(static_cast<std::size_t>(rows));
  for (int column = 0; column < columns; ++column) {
    std::fill(sums.begin(), sums.end(), Sum(0));
    for (int k = 0; k < inner; ++k) {
      const Sum factor = right[static_cast<std::size_t>(column) * static_cast<std::size_t>(inner) +
                               static_cast<std::size_t>(k)];
      const Sum* from = left.data() + std::ptrdiff_t{k} * rows;
      for (std::size_t row = 0; row < sums.size(); ++row) sums[row] += from[row] * factor;
    }
    Sum* to = c + std::ptrdiff_t{column} * c_row_size;
    for (std::size_t row = 0; row < sums.size(); ++row)
      to[row] = beta == Sum(0) ? alpha * sums[row] : alpha * sums[row] + beta * to[row];
  }
}

}  // namespace lstmlib::cuda::model

inline cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t a_operation,
                                   cublasOperation_t b_operation, int m, int n, int k, const void* alpha,
                                   const void* a, cudaDataType a_type, int a_row_size, const void* b,
                                   cudaDataType b_type, int b_row_size, const void* beta, void* c,
                                   cudaDataType c_type, int c_row_size, cublasComputeType_t compute,
                                   cublasGemmAlgo_t) {
  using namespace lstmlib::cuda;
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  const model::GemmOperand left{a, a_type, a_row_size, a_operation == CUBLAS_OP_T},
      right{b, b_type, b_row_size, b_operation == CUBLAS_OP_T};
  if (m < 0 || n < 0 || k < 0 || c_row_size < (std::max)(1, m) ||
      a_row_size < (std::max)(1, left.transposed ? k : m) ||
      b_row_size < (std::max)(1, right.transposed ? n : k))
    return CUBLAS_STATUS_INVALID_VALUE;
  const bool is_double = compute == CUBLAS_COMPUTE_64F || compute == CUBLAS_COMPUTE_64F_PEDANTIC;
  if (a_type != b_type || (is_double ? a_type != CUDA_R_64F : a_type == CUDA_R_64F) ||
      c_type != (is_double ? CUDA_R_64F : CUDA_R_32F))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  cudaStreamCaptureStatus capture{};
  if (cudaStreamIsCapturing(handle->stream, &capture) != cudaSuccess) return CUBLAS_STATUS_EXECUTION_FAILED;
  // cuBLAS would ask for memory in the midst of the capture.
  if (capture != cudaStreamCaptureStatusNone && !handle->workspace) return CUBLAS_STATUS_EXECUTION_FAILED;
  const bool tf32 =
      a_type == CUDA_R_32F && (compute == CUBLAS_COMPUTE_32F_FAST_TF32 ||
                               (compute == CUBLAS_COMPUTE_32F && handle->math == CUBLAS_TF32_TENSOR_OP_MATH));
  const auto queue = [&]<class Sum>(Sum* result) {
    const Sum alpha_now = *static_cast<const Sum*>(alpha), beta_now = *static_cast<const Sum*>(beta);
    return model::enqueue(handle->stream, "cublasGemmEx", [=] {
      model::gemm<Sum>(left, right, m, n, k, tf32, alpha_now, beta_now, result, c_row_size);
    });
  };
  const cudaError_t queued = is_double ? queue(static_cast<double*>(c)) : queue(static_cast<float*>(c));
  return queued == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
