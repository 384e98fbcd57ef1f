// SPDX-License-Identifier: MIT
#pragma once
// Kernels of optimizers: a rule streams once over a parameter, its state and its gradient, hooks included.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <span>

namespace lstmlib {

/// A gradient as rules read it: whole, or the rows of a table that have one; neither: zeros.
template <class T>
struct GradientView {
  View<const T> dense;           ///< as the parameter, or null
  View<const std::int32_t> ids;  ///< [n], rising and distinct, or null
  View<const T> rows;            ///< [n, row size]: row i belongs to row ids[i] of the parameter
};

template <Real T>
class UpdateKernels {
 public:
  virtual ~UpdateKernels() = default;
  /// value, state = rule(steps(gradient)) for each element. `state`: as many as the rule has, each as the
  /// value.
  virtual void update(const math::UpdateRule&, std::span<const math::GradientStep> steps,
                      const GradientView<T>&, std::span<const View<T>> state, View<T> value) = 0;
  /// Sum of the squares of steps(gradient).
  virtual double squared_norm(std::span<const math::GradientStep> steps, const GradientView<T>&,
                              View<const T> value) = 0;
  /// gradient = steps(gradient), of a dense one.
  virtual void apply(std::span<const math::GradientStep> steps, View<const T> value, View<T> gradient) = 0;
};

}  // namespace lstmlib
