// SPDX-License-Identifier: MIT
// All kernels of an instruction set and their table. Include lanes.inl and the set's own file first.

using math::GradientTransform, math::RandomKey;
using math::SgdRule, math::MomentumRule, math::CorrectedMomentumRule, math::NesterovRule, math::AdaGradRule,
    math::AdaDeltaRule, math::RmsPropRule, math::RmsPropGravesRule, math::Smorms3Rule, math::AdamRule,
    math::AmsGradRule, math::AdaBoundRule, math::AmsBoundRule;

using math::UnaryFunction, math::BinaryFunction, math::Reduction, math::ElementwiseOptions;

#include "lstmlib/backend/cpu/kernels/nonlinear.inl"
#include "lstmlib/backend/cpu/kernels/elementary.inl"
#include "lstmlib/math/binary.inl"
#include "lstmlib/math/elementwise.inl"
#include "lstmlib/math/reduction.inl"
#include "lstmlib/math/activation.inl"
#include "lstmlib/math/gru_cell.inl"
#include "lstmlib/math/lstm_cell.inl"
#include "lstmlib/math/update_rules.inl"

#include "lstmlib/backend/cpu/kernels/arithmetic.inl"
#include "lstmlib/backend/cpu/kernels/low_precision.inl"

#include "lstmlib/backend/cpu/kernels/array.inl"
#include "lstmlib/backend/cpu/kernels/layer_norm.inl"
#include "lstmlib/backend/cpu/kernels/lines.inl"
#include "lstmlib/backend/cpu/kernels/cells.inl"
#include "lstmlib/backend/cpu/kernels/dropout.inl"
#include "lstmlib/backend/cpu/kernels/elementwise.inl"
#include "lstmlib/backend/cpu/kernels/product.inl"
#include "lstmlib/backend/cpu/kernels/rounding.inl"
#include "lstmlib/backend/cpu/kernels/update.inl"

#include "lstmlib/backend/cpu/kernels/inference.inl"

template <class T>
inline constexpr KernelTable<T> table = {
    .lanes = lanes_of<T>,
    .product = product<T>,
    .transpose = transpose<T>,
    .sum_rows = sum_rows<T>,
    .add = add<T>,
    .maximum = maximum<T>,
    .add_scaled = add_scaled<T>,
    .multiply = multiply<T>,
    .unary = unary<T>,
    .unary_backward = unary_backward<T>,
    .lstm_forward = lstm_forward<T>,
    .lstm_backward = lstm_backward<T>,
    .gru_forward = gru_forward<T>,
    .gru_backward = gru_backward<T>,
    .rnn_tanh_forward = rnn_forward<T, Tanh>,
    .rnn_tanh_backward = rnn_backward<T, Tanh>,
    .rnn_relu_forward = rnn_forward<T, Relu>,
    .rnn_relu_backward = rnn_backward<T, Relu>,
    .dropout = dropout<T>,
    .transform_gradient = transform_gradient<T>,
    .update = {update<T, SgdRule>, update<T, MomentumRule>, update<T, CorrectedMomentumRule>,
               update<T, NesterovRule>, update<T, AdaGradRule>, update<T, AdaDeltaRule>,
               update<T, RmsPropRule>, update<T, RmsPropGravesRule>, update<T, Smorms3Rule>,
               update<T, AdamRule>, update<T, AmsGradRule>, update<T, AdaBoundRule>, update<T, AmsBoundRule>},
};

// T: float. These are templates, so that programs compile them only if they use them.
template <class T>
inline constexpr Bf16KernelTable bf16_table = {
    .product = product<T, Bf16Pair>, .round_to_bf16 = round_to_bf16, .round_pairs = round_pairs};

template <class T>
inline constexpr InferenceKernelTable inference_table = {
    .product_int8 = product<std::int32_t, Int8Quad>,
    .step_fp32 = {inference_step<T, LstmStep>, inference_step<T, GruStep>, inference_step<T, RnnTanhStep>,
                  inference_step<T, RnnReluStep>},
    .step_bf16 = {inference_step<Bf16Pair, LstmStep>, inference_step<Bf16Pair, GruStep>,
                  inference_step<Bf16Pair, RnnTanhStep>, inference_step<Bf16Pair, RnnReluStep>},
    .step_int8 = {inference_step<Int8Quad, LstmStep>, inference_step<Int8Quad, GruStep>,
                  inference_step<Int8Quad, RnnTanhStep>, inference_step<Int8Quad, RnnReluStep>},
};
