// SPDX-License-Identifier: MIT
#pragma once
// Ends a run that has diverged.

#include "lstmlib/train/trainer.hpp"

#include <algorithm>
#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Throws Error that names a parameter with a NaN or infinite value, before anything is reported or saved.
class FailOnNan {
 public:
  explicit FailOnNan(optim::Optimizer& optimizer) : optimizer_(&optimizer) {}

  void operator()(Trainer& trainer) {
    optimizer_->parameters().for_each([&]<Real T>(optim::Entry<T>& entry) {
      const Tensor<T> host = entry.parameter.value().to(Device::cpu());
      const auto values = host.values();
      if (!std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); }))
        fail<Error>("training diverged: ", entry.names.front(), " is not finite after iteration ",
                    trainer.iteration());
    });
  }

  std::string name = "FailOnNonNumber";
  int priority = priority::writer + 1;

 private:
  optim::Optimizer* optimizer_;
};

/// Checks the parameters of `optimizer`, which must outlive the trainer.
inline Extension fail_on_nan(optim::Optimizer& optimizer) { return FailOnNan(optimizer); }

}  // namespace lstmlib::train
