// SPDX-License-Identifier: MIT
#pragma once
// Kernels of losses: those of each element, and those of the classes of each entry. The CPU compiles each of
// them only in programs that use it: see backend/losses.hpp.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/math/losses.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

/// What the sum of losses is divided by.
enum class LossDivisor : std::uint8_t {
  one,      ///< nothing: the sum
  number,   ///< `number` of LossResult
  weights,  ///< the sum of the weights of elements, or the number of entries that count; 1 if that is 0
};

/// Results of a forward pass. Null views are skipped.
template <class T>
struct LossResult {
  View<T> losses;  ///< of each element or entry, weighted
  View<T> total;   ///< one element: their sum times the factor
  View<T> factor;  ///< one element: 1 / divisor
  LossDivisor divisor = LossDivisor::one;
  Index number = 1;
};

/// A loss of each element.
template <class T>
struct ElementLossProblem {
  math::LossParameters<T> parameters;
  View<const T> input, target;  ///< of the same shape
  View<const T> weights;        ///< [first axes of the input], or null. An element of weight 0 is not read.
  View<const T> positive_weights;  ///< [last axis], or null

  [[nodiscard]] LSTMLIB_HOST_DEVICE static math::LossParameters<T> at(math::LossParameters<T> all,
                                                                      const T* positive, Index count,
                                                                      Index element) {
    if (positive) all.positive_weight = positive[element % count];
    return all;
  }
};

/// A loss of each entry over its classes: -sum over c of q_c w_c log p_c, where q is (1 - smoothing) times the
/// target plus smoothing / classes. Targets are labels or probabilities.
template <class T>
struct ClassLossProblem {
  const char* op;                   ///< for messages
  AxisView axis;                    ///< classes
  View<const std::int32_t> labels;  ///< [outer, inner], or null
  View<const T> probabilities;      ///< [outer, classes, inner], or null
  View<const T> class_weights;      ///< [classes], or null
  std::int32_t ignore_label;
  T smoothing;
};

template <Real T>
class LossKernels {
 public:
  virtual ~LossKernels() = default;
  virtual void element_loss(math::LossFunction, const ElementLossProblem<T>&, const LossResult<T>&) = 0;
  /// d_input, d_target += factor d_losses times the derivative. d_losses has one element, or one for each
  /// loss; a null factor is 1.
  virtual void element_loss_backward(math::LossFunction, const ElementLossProblem<T>&, View<const T> factor,
                                     View<const T> d_losses, View<T> d_input, View<T> d_target) = 0;
  /// Throws IndexError for a label that is not a class.
  virtual void class_loss(const ClassLossProblem<T>&, View<const T> log_probabilities,
                          const LossResult<T>&) = 0;
  /// d += the derivative by the log-probabilities; or, with `of_scores`, by the scores of which they are the
  /// log-softmax.
  virtual void class_loss_backward(const ClassLossProblem<T>&, View<const T> log_probabilities,
                                   bool of_scores, View<const T> factor, View<const T> d_losses,
                                   View<T> d) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
