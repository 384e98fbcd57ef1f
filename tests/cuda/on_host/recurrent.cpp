// SPDX-License-Identifier: MIT
// The kernels of recurrent layers, as ordinary C++.
#include "lstmlib/version.hpp"

#include "lstmlib/backend/cuda/recurrent.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template std::unique_ptr<RecurrentKernels<float>> make_recurrent_kernels<float>(Context&);
template std::unique_ptr<RecurrentKernels<double>> make_recurrent_kernels<double>(Context&);

}  // namespace lstmlib::cuda
