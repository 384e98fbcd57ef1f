// SPDX-License-Identifier: MIT
#pragma once
// How a device gets its kernels: each group is defined, and compiled, apart (math.cuh, neural.cuh,
// update.cuh, recurrent.cuh).

#include "lstmlib/backend/backend.hpp"
#include "lstmlib/cuda/context.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
std::unique_ptr<MathKernels<T>> make_math(Context& context);
template <Real T>
std::unique_ptr<NeuralKernels<T>> make_neural(Context& context);
template <Real T>
std::unique_ptr<UpdateKernels<T>> make_update(Context& context);
template <Real T>
std::unique_ptr<RecurrentKernels<T>> make_recurrent(Context& context);

}  // namespace lstmlib::cuda
