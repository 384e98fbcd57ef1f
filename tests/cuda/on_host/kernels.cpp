// SPDX-License-Identifier: MIT
// The kernels of the CUDA part but those of recurrent layers, as ordinary C++.
#include "lstmlib/version.hpp"

#include "lstmlib/backend/cuda/array.cuh"
#include "lstmlib/backend/cuda/tensor.cuh"
#include "lstmlib/backend/cuda/loss.cuh"
#include "lstmlib/backend/cuda/nn.cuh"
#include "lstmlib/backend/cuda/update.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template std::unique_ptr<ArrayKernels<float>> make_array_kernels<float>(Context&);
template std::unique_ptr<ArrayKernels<double>> make_array_kernels<double>(Context&);
template std::unique_ptr<TensorKernels<float>> make_tensor_kernels<float>(Context&);
template std::unique_ptr<TensorKernels<double>> make_tensor_kernels<double>(Context&);
template std::unique_ptr<NnKernels<float>> make_nn_kernels<float>(Context&);
template std::unique_ptr<NnKernels<double>> make_nn_kernels<double>(Context&);
template std::unique_ptr<LossKernels<float>> make_loss_kernels<float>(Context&);
template std::unique_ptr<LossKernels<double>> make_loss_kernels<double>(Context&);
template std::unique_ptr<UpdateKernels<float>> make_update_kernels<float>(Context&);
template std::unique_ptr<UpdateKernels<double>> make_update_kernels<double>(Context&);

}  // namespace lstmlib::cuda
