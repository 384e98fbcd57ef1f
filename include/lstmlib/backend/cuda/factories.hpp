// SPDX-License-Identifier: MIT
#pragma once
// Creates the kernels of a device. Each group is defined and compiled separately (array.cuh, tensor.cuh, nn.cuh,
// loss.cuh, update.cuh, recurrent.cuh).

#include "lstmlib/backend/backend.hpp"
#include "lstmlib/backend/cuda/context.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
std::unique_ptr<TensorKernels<T>> make_tensor_kernels(Context& context);
template <Real T>
std::unique_ptr<ArrayKernels<T>> make_array_kernels(Context& context);
template <Real T>
std::unique_ptr<NnKernels<T>> make_nn_kernels(Context& context);
template <Real T>
std::unique_ptr<LossKernels<T>> make_loss_kernels(Context& context);
template <Real T>
std::unique_ptr<UpdateKernels<T>> make_update_kernels(Context& context);
template <Real T>
std::unique_ptr<RecurrentKernels<T>> make_recurrent_kernels(Context& context);

}  // namespace lstmlib::cuda
