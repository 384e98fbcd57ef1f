// SPDX-License-Identifier: MIT
#pragma once
// Instantiates all losses of the CPU. entry.hpp includes it, in one file of a program.

#include "lstmlib/backend/cpu/losses.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

#define LSTMLIB_LOSS(f)                                         \
  template struct CpuElementLoss<float, math::LossFunction::f>; \
  template struct CpuElementLoss<double, math::LossFunction::f>
LSTMLIB_LOSS(squared_error);
LSTMLIB_LOSS(absolute_error);
LSTMLIB_LOSS(huber);
LSTMLIB_LOSS(smooth_l1);
LSTMLIB_LOSS(binary_cross_entropy);
LSTMLIB_LOSS(kl_divergence);
LSTMLIB_LOSS(kl_divergence_log_target);
LSTMLIB_LOSS(hinge);
#undef LSTMLIB_LOSS

template struct CpuClassLoss<float>;
template struct CpuClassLoss<double>;

}  // namespace lstmlib::inline LSTMLIB_ABI
