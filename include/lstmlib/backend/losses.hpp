// SPDX-License-Identifier: MIT
#pragma once
// Calls kernels of losses on any device. The CPU's are templates, so that a program compiles those that it
// uses; backend/cpu/losses.hpp has the definitions, and lstmlib::cpu has all of them compiled.

#include "lstmlib/backend/registry.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

/// The functions of LossKernels, on the CPU.
template <Real T, math::LossFunction f>
struct CpuElementLoss {
  static void forward(const ElementLossProblem<T>&, const LossResult<T>&);
  static void backward(const ElementLossProblem<T>&, View<const T> factor, View<const T> d_losses,
                       View<T> d_input, View<T> d_target);
};
template <Real T>
struct CpuClassLoss {
  static void forward(const ClassLossProblem<T>&, View<const T> log_probabilities, const LossResult<T>&);
  static void backward(const ClassLossProblem<T>&, View<const T> log_probabilities, bool of_scores,
                       View<const T> factor, View<const T> d_losses, View<T> d);
};

/// Where the kernels of the loss `op` run. Throws DeviceError if the back end has none.
template <Real T>
class LossPlace {
 public:
  LossPlace(const char* op, Backend& backend, int device) {
    if (&backend == &cpu_backend()) return;
    kernels_ = backend.loss_kernels<T>(device);
    if (!kernels_)
      fail<DeviceError>(op, ": the back end ", backend.name(),
                        " does not have it; compute it on the CPU, with to(Device::cpu())");
  }

  template <math::LossFunction f>
  void element_loss(const ElementLossProblem<T>& p, const LossResult<T>& result) const {
    if (kernels_) kernels_->element_loss(f, p, result);
    else CpuElementLoss<T, f>::forward(p, result);
  }
  template <math::LossFunction f>
  void element_loss_backward(const ElementLossProblem<T>& p, View<const T> factor, View<const T> d_losses,
                             View<T> d_input, View<T> d_target) const {
    if (kernels_) kernels_->element_loss_backward(f, p, factor, d_losses, d_input, d_target);
    else CpuElementLoss<T, f>::backward(p, factor, d_losses, d_input, d_target);
  }
  void class_loss(const ClassLossProblem<T>& p, View<const T> log_probabilities,
                  const LossResult<T>& result) const {
    if (kernels_) kernels_->class_loss(p, log_probabilities, result);
    else CpuClassLoss<T>::forward(p, log_probabilities, result);
  }
  void class_loss_backward(const ClassLossProblem<T>& p, View<const T> log_probabilities, bool of_scores,
                           View<const T> factor, View<const T> d_losses, View<T> d) const {
    if (kernels_) kernels_->class_loss_backward(p, log_probabilities, of_scores, factor, d_losses, d);
    else CpuClassLoss<T>::backward(p, log_probabilities, of_scores, factor, d_losses, d);
  }

 private:
  LossKernels<T>* kernels_ = nullptr;  // null: the CPU
};

}  // namespace lstmlib::inline LSTMLIB_ABI
