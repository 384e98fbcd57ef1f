// SPDX-License-Identifier: MIT
// The kernels that AMX speeds up. All others are those of AVX-512 with BF16 and VNNI.

#include "lstmlib/backend/cpu/kernels/nonlinear.inl"
#include "lstmlib/math/activation.inl"
#include "lstmlib/math/gru_cell.inl"
#include "lstmlib/math/lstm_cell.inl"

#include "lstmlib/backend/cpu/kernels/arithmetic.inl"
#include "lstmlib/backend/cpu/kernels/avx512_bf16.inl"

#include "lstmlib/backend/cpu/kernels/product.inl"
#include "lstmlib/backend/cpu/kernels/rounding_avx512_bf16.inl"

#include "lstmlib/backend/cpu/kernels/inference.inl"

#include "lstmlib/backend/cpu/kernels/amx.inl"
#include "lstmlib/backend/cpu/kernels/tile_product.inl"
#include "lstmlib/backend/cpu/kernels/tile_inference.inl"

template <class T>
inline constexpr Bf16KernelTable bf16_table = {
    .product = product_in_tiles,
    .round_to_bf16 = avx512_bf16::bf16_table<T>.round_to_bf16,
    .round_pairs = avx512_bf16::bf16_table<T>.round_pairs,
};

template <class T>
inline constexpr InferenceKernelTable inference_table = {
    .product_int8 = avx512_bf16::inference_table<T>.product_int8,
    .step_fp32 = avx512::inference_table<T>.step_fp32,
    .step_bf16 = {inference_step_in_tiles<LstmStep>, inference_step_in_tiles<GruStep>,
                  inference_step_in_tiles<RnnTanhStep>, inference_step_in_tiles<RnnReluStep>},
    .step_int8 = avx512_bf16::inference_table<T>.step_int8,
};
