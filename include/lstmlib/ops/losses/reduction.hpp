// SPDX-License-Identifier: MIT
#pragma once
// How losses are reduced, and what all of them check.

#include "lstmlib/backend/losses.hpp"
#include "lstmlib/ops/check.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// How the losses of all entries are reduced.
enum class Reduction : std::uint8_t {
  mean,  ///< to a scalar: the sum divided by what each loss says
  none,  ///< not at all
  sum    ///< to a scalar
};

namespace detail {
inline void require_reduction(const char* op, Reduction reduction) {
  if (reduction != Reduction::mean && reduction != Reduction::none && reduction != Reduction::sum)
    fail<ValueError>(op, ": reduction ", static_cast<int>(reduction), ", expected mean, none or sum");
}
template <Real T>
LossPlace<T> loss_place(const char* op, Device device) {
  return {op, device.backend(), device.number()};
}
/// Results of a reduced or unreduced loss; `entries` is the shape without reduction.
template <Real T>
struct LossTensors {
  Tensor<T> losses, total, factor;  // of which the reduction needs either the first or the others

  LossTensors(Reduction reduction, const Shape& entries, Device device) {
    if (reduction == Reduction::none || !device.is_cpu()) losses = Tensor<T>::uninitialized(entries, device);
    if (reduction == Reduction::none) return;
    total = Tensor<T>::uninitialized({}, device);
    factor = Tensor<T>::uninitialized({}, device);
  }
  LossResult<T> result(LossDivisor divisor, Index number) {
    return {losses.mutable_view(), total.mutable_view(), factor.mutable_view(), divisor, number};
  }
  Tensor<T>& value() { return total ? total : losses; }
};
}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
