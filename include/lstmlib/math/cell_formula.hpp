// SPDX-License-Identifier: MIT
#pragma once
// What a recurrent cell of a program's own consists of: how many gates and states it has, and the formulas of
// one step of one unit, forward and back.

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/formula.hpp"

#include <concepts>

namespace lstmlib::inline LSTMLIB_ABI {

/// The numbers that describe a cell: its static members of the same names, or what is there without them.
template <class Cell>
struct CellTraits {
  static constexpr int gates = Cell::gates;  ///< blocks of rows of the weights
  /// States of a unit; the first one is the hidden state, which is also the output.
  static constexpr int states = [] {
    if constexpr (requires { Cell::states; }) return int{Cell::states};
    else return 1;
  }();
  /// The last gates, of which the cell gets the input's part and the state's part without adding them.
  static constexpr int separate = [] {
    if constexpr (requires { Cell::separate; }) return int{Cell::separate};
    else return 0;
  }();
  /// Learned numbers of each unit besides its weights and biases, such as peepholes.
  static constexpr int parameters = [] {
    if constexpr (requires { Cell::parameters; }) return int{Cell::parameters};
    else return 0;
  }();
  static constexpr int sums = gates + separate;
  /// Numbers of a unit that `forward` keeps for `backward`.
  static constexpr int saved = [] {
    if constexpr (requires { Cell::saved; }) return int{Cell::saved};
    else return sums;
  }();
  /// Initial bias of a gate's rows.
  static double initial_bias(int gate) {
    if constexpr (requires { Cell::initial_bias(gate); }) return Cell::initial_bias(gate);
    else return 0;
  }
};

/// One forward step of one unit, or of a vector of units. V: a number or formula::Lanes.
template <class Cell, class V>
struct CellStep {
  using Traits = CellTraits<Cell>;
  /// The sums W x + b + U h + d of the gates. A separate gate has only W x + b here; its U h + d comes after
  /// those of all gates, at sum[gates], sum[gates + 1], ...
  V sum[Traits::sums];
  V before[Traits::states];  ///< states before the step
  V parameter[Traits::parameters ? Traits::parameters : 1];
  V after[Traits::states];                     ///< to set: states after the step
  V saved[Traits::saved ? Traits::saved : 1];  ///< to set: what `backward` needs
};

/// The same step, backward.
template <class Cell, class V>
struct CellGradient {
  using Traits = CellTraits<Cell>;
  V saved[Traits::saved ? Traits::saved : 1];  ///< as `forward` set them
  V before[Traits::states];
  V parameter[Traits::parameters ? Traits::parameters : 1];
  V d_after[Traits::states];  ///< gradients of the states after the step
  V d_sum[Traits::sums];      ///< to set: gradients of the sums
  /// To set: gradients of the states before the step, without what passes through the sums.
  V d_before[Traits::states];
  V d_parameter[Traits::parameters ? Traits::parameters : 1];  ///< to set: this step's part
};

/// A struct with `static constexpr int gates` and the formulas. At most 8 sums, 8 states and 8 parameters.
template <class C>
concept CellFormula = (CellTraits<C>::gates >= 1) && (CellTraits<C>::separate >= 0) &&
                      (CellTraits<C>::separate <= CellTraits<C>::gates) && (CellTraits<C>::sums <= 8) &&
                      (CellTraits<C>::states >= 1) && (CellTraits<C>::states <= 8) &&
                      (CellTraits<C>::parameters >= 0) && (CellTraits<C>::parameters <= 8) &&
                      (CellTraits<C>::saved >= 0) && (CellTraits<C>::saved <= 16) &&
                      requires(CellStep<C, float>& step, CellGradient<C, float>& gradient) {
  C::forward(step);
  C::backward(gradient);
};

}  // namespace lstmlib
