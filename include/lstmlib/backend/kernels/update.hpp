// SPDX-License-Identifier: MIT
#pragma once
// Kernels of optimizers. An update reads the parameter, its state and its gradient in one pass, hooks
// included.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <array>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI {

/// A gradient as update rules read it: dense, or sparse (some rows of a table). Both null: zeros.
template <class T>
struct GradientView {
  View<const T> dense;  ///< shape of the parameter, or null
  /// [n] rows of the table in ascending order, without duplicates. Negative indices may follow; they have no
  /// row. Null: not sparse.
  View<const std::int32_t> indices;
  View<const T> values;  ///< [n, row size]: row i belongs to row indices[i] of the parameter
};

/// A parameter, its gradient and its optimizer state. `state` holds as many views as the rule has states,
/// each with the shape of `value`.
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
  /// value, state = rule(transforms(gradient)) for each element of each item.
  virtual void update(const math::UpdateRule&, std::span<const math::GradientTransform> transforms,
                      std::span<const UpdateItem<T>> items) = 0;
  /// *sum += squared norm of transforms(gradient) over all items. `sum` is in the device's memory.
  virtual void add_squared_norm(std::span<const math::GradientTransform> transforms,
                                std::span<const UpdateItem<T>> items, double* sum) = 0;
  /// *factor = what to multiply gradients of this squared norm by so that their norm is at most `threshold`.
  /// Both pointers are in the device's memory.
  virtual void clip_factor(double threshold, const double* squared_norm, double* factor) = 0;
  /// gradient = transforms(gradient), in place; dense gradients only.
  virtual void apply(std::span<const math::GradientTransform> transforms, View<const T> value,
                     View<T> gradient) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
