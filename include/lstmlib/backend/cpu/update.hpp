// SPDX-License-Identifier: MIT
#pragma once
// Optimizer steps on the CPU.

#include "lstmlib/backend/kernels/update.hpp"
#include "lstmlib/math/update_formulas.hpp"

#include <array>

namespace lstmlib::cpu {

template <Real T>
class Update final : public UpdateKernels<T> {
 public:
  void update(const math::UpdateRule& rule, std::span<const math::GradientStep> steps, const GradientView<T>& gradient,
              std::span<const View<T>> state, View<T> value) override {
    std::array<T*, 3> states{};
    for (std::size_t i = 0; i < state.size(); ++i) states[i] = state[i].data;
    std::visit([&](const auto& chosen) {
      each(gradient, value, [&](Index i, T g) {
        std::array<T, 3> s{};
        for (std::size_t k = 0; k < chosen.states; ++k) s[k] = states[k][i];
        math::apply_rule(chosen, value.data[i], stepped(steps, value.data[i], g), s[0], s[1], s[2]);
        for (std::size_t k = 0; k < chosen.states; ++k) states[k][i] = s[k];
      });
    }, rule);
  }
  double squared_norm(std::span<const math::GradientStep> steps, const GradientView<T>& gradient,
                      View<const T> value) override {
    double sum = 0;
    each(gradient, value, [&](Index i, T g) {
      const T after = stepped(steps, value.data[i], g);
      sum += static_cast<double>(after) * static_cast<double>(after);
    });
    return sum;
  }
  void apply(std::span<const math::GradientStep> steps, View<const T> value, View<T> gradient) override {
    for (Index i = 0; i < gradient.size(); ++i) gradient.data[i] = stepped(steps, value.data[i], gradient.data[i]);
  }

 private:
  static T stepped(std::span<const math::GradientStep> steps, T p, T g) {
    for (const auto& step : steps) g = math::apply_step(step, p, g);
    return g;
  }
  /// Calls `use(i, gradient of element i)` for every element of the parameter, rows without a gradient included.
  template <class Use>
  static void each(const GradientView<T>& gradient, View<const T> value, Use use) {
    const Index width = value.shape.row_size();
    Index next = 0;
    for (Index row = 0; row < value.shape.rows(); ++row) {
      const T* from = gradient.dense ? gradient.dense.data + row * width : nullptr;
      if (gradient.ids && next < gradient.ids.size() && gradient.ids.data[next] == row)
        from = gradient.rows.data + next++ * width;
      for (Index i = 0; i < width; ++i) use(row * width + i, from ? from[i] : T(0));
    }
  }
};

}  // namespace lstmlib::cpu
