// SPDX-License-Identifier: MIT
// The kernels of the CUDA part but those of recurrent layers, as ordinary C++.
#include "lstmlib/version.hpp"

#include "lstmlib/cuda/math.cuh"
#include "lstmlib/cuda/neural.cuh"
#include "lstmlib/cuda/update.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template std::unique_ptr<MathKernels<float>> make_math<float>(Context&);
template std::unique_ptr<MathKernels<double>> make_math<double>(Context&);
template std::unique_ptr<NeuralKernels<float>> make_neural<float>(Context&);
template std::unique_ptr<NeuralKernels<double>> make_neural<double>(Context&);
template std::unique_ptr<UpdateKernels<float>> make_update<float>(Context&);
template std::unique_ptr<UpdateKernels<double>> make_update<double>(Context&);

}  // namespace lstmlib::cuda
