// SPDX-License-Identifier: MIT
// The kernels that AVX512_BF16 and AVX512_VNNI speed up. All others are those of AVX-512.

#include "lstmlib/backend/cpu/kernels/nonlinear.inl"
#include "lstmlib/math/activation.inl"
#include "lstmlib/math/gru_cell.inl"
#include "lstmlib/math/lstm_cell.inl"

#include "lstmlib/backend/cpu/kernels/arithmetic.inl"
#include "lstmlib/backend/cpu/kernels/avx512_bf16.inl"

#include "lstmlib/backend/cpu/kernels/product.inl"
#include "lstmlib/backend/cpu/kernels/rounding_avx512_bf16.inl"

#include "lstmlib/backend/cpu/kernels/inference.inl"

template <class T>
inline constexpr Bf16KernelTable bf16_table = {
    .product = product<T, Bf16Pair>, .round_to_bf16 = round_to_bf16, .round_pairs = round_pairs};

template <class T>
inline constexpr InferenceKernelTable inference_table = {
    .product_int8 = product<std::int32_t, Int8Quad>,
    .step_fp32 = avx512::inference_table<T>.step_fp32,
    .step_bf16 = {inference_step<Bf16Pair, LstmStep>, inference_step<Bf16Pair, GruStep>,
                  inference_step<Bf16Pair, RnnTanhStep>, inference_step<Bf16Pair, RnnReluStep>},
    .step_int8 = {inference_step<Int8Quad, LstmStep>, inference_step<Int8Quad, GruStep>,
                  inference_step<Int8Quad, RnnTanhStep>, inference_step<Int8Quad, RnnReluStep>},
};
