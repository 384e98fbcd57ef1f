// SPDX-License-Identifier: MIT
#pragma once
// Kernels of optimizers: a rule streams once over a parameter, its state and its gradient, hooks included.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <array>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI {

/// A gradient as rules read it: whole, or the rows of a table that have one; neither: zeros.
template <class T>
struct GradientView {
  View<const T> dense;  ///< as the parameter, or null
  /// [n], rising and distinct, then perhaps negative ones, which have no row; or null.
  View<const std::int32_t> indices;
  View<const T> values;  ///< [n, row size]: row i belongs to row ids[i] of the parameter
};

/// A parameter with what an update reads and writes. `state`: as many as the rule has, each as the value.
template <class T>
struct UpdateItem {
  GradientView<T> gradient;
  View<T> value;
  std::array<View<T>, math::max_states> state;
};

template <Real T>
class UpdateKernels {
 public:
  virtual ~UpdateKernels() = default;
  /// value, state = rule(steps(gradient)) for each element of each item.
  virtual void update(const math::UpdateRule&, std::span<const math::GradientTransform> steps,
                      std::span<const UpdateItem<T>> items) = 0;
  /// *sum, on the device, += the squares of steps(gradient) of all items.
  virtual void add_squared_norm(std::span<const math::GradientTransform> steps,
                                std::span<const UpdateItem<T>> items, double* sum) = 0;
  /// *factor = what gradients of this squared norm are to be multiplied with to have a norm of `threshold` at
  /// most; both numbers on the device.
  virtual void clip_factor(double threshold, const double* squared_norm, double* factor) = 0;
  /// gradient = steps(gradient), of a dense one.
  virtual void apply(std::span<const math::GradientTransform> steps, View<const T> value,
                     View<T> gradient) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
