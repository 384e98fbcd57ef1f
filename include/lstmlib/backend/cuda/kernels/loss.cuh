// SPDX-License-Identifier: MIT
#pragma once
// Losses of elements and of entries over classes: a thread each.

#include "lstmlib/backend/kernels/losses.hpp"
#include "lstmlib/backend/cuda/data_errors.cuh"
#include "lstmlib/backend/cuda/kernels/reduce.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Calls `use` with the function as a template argument.
template <class Use>
LSTMLIB_HOST_DEVICE inline auto with_loss(math::LossFunction f, const Use& use) {
  using F = math::LossFunction;
  switch (f) {
    case F::squared_error: return use.template call<F::squared_error>();
    case F::absolute_error: return use.template call<F::absolute_error>();
    case F::huber: return use.template call<F::huber>();
    case F::smooth_l1: return use.template call<F::smooth_l1>();
    case F::binary_cross_entropy: return use.template call<F::binary_cross_entropy>();
    case F::kl_divergence: return use.template call<F::kl_divergence>();
    case F::kl_divergence_log_target: return use.template call<F::kl_divergence_log_target>();
    default: return use.template call<F::hinge>();
  }
}
template <class T>
struct LossValue {
  T x, t;
  math::LossParameters<T> parameters;
  template <math::LossFunction f>
  LSTMLIB_HOST_DEVICE T call() const {
    return math::loss_value<f>(x, t, parameters);
  }
};
template <class T>
struct LossDerivative {
  T x, t;
  math::LossParameters<T> parameters;
  bool by_target;
  template <math::LossFunction f>
  LSTMLIB_HOST_DEVICE T call() const {
    return by_target ? math::loss_target_derivative<f>(x, t, parameters)
                     : math::loss_derivative<f>(x, t, parameters);
  }
};

/// What all kernels of losses of elements read. `inner`: elements that share a weight.
template <class T>
struct ElementLoss {
  math::LossFunction function;
  math::LossParameters<T> parameters;
  const T *input, *target, *weights, *positive;
  Index inner, positive_count;

  LSTMLIB_HOST_DEVICE T weight(Index i) const { return weights ? weights[i / inner] : T(1); }
  LSTMLIB_HOST_DEVICE math::LossParameters<T> at(Index i) const {
    return ElementLossProblem<T>::at(parameters, positive, positive_count, i);
  }
};
template <class T>
struct ElementLossBody {
  ElementLoss<T> p;
  T* losses;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const {
    const T w = p.weight(i);
    losses[i] = w == T(0) ? T(0) : w * with_loss(p.function, LossValue<T>{p.input[i], p.target[i], p.at(i)});
  }
};
template <class T>
struct ElementLossBackwardBody {
  ElementLoss<T> p;
  const T *factor, *d_losses;
  bool one_d_loss;
  T *d_input, *d_target;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const {
    const T w = p.weight(i);
    if (w == T(0)) return;
    const T d = w * (factor ? *factor : T(1)) * d_losses[one_d_loss ? 0 : i];
    const T x = p.input[i], t = p.target[i];
    if (d_input) d_input[i] += d * with_loss(p.function, LossDerivative<T>{x, t, p.at(i), false});
    if (d_target) d_target[i] += d * with_loss(p.function, LossDerivative<T>{x, t, p.at(i), true});
  }
};

/// Reports labels that are not classes; these have no loss and no gradient.
template <class T>
struct ClassLossBody {
  ClassEntries<T> entries;
  const T* log_probabilities;
  T* losses;
  DataErrorWord* errors;
  __device__ void operator()(Index entry) const {
    if (entries.bad(entry))
      report(errors, DataError::class_label, entry, entries.p.labels.data[entry], entries.p.axis.size);
    losses[entry] = entries.loss(entry, log_probabilities);
  }
};
template <class T>
struct ClassLossBackwardBody {
  ClassEntries<T> entries;
  const T *log_probabilities, *factor, *d_losses;
  bool of_scores, one_d_loss;
  T* d;
  LSTMLIB_HOST_DEVICE void operator()(Index entry) const {
    const T d_loss = (factor ? *factor : T(1)) * d_losses[one_d_loss ? 0 : entry];
    entries.backward(entry, log_probabilities, of_scores, d_loss, d);
  }
};
template <class T>
struct CountsBody {
  ClassEntries<T> entries;
  T* counts;
  LSTMLIB_HOST_DEVICE void operator()(Index entry) const {
    counts[entry] = entries.counts(entry) ? T(1) : T(0);
  }
};

/// One thread. On entry `total` is the sum of the losses and `weights` that of the weights, or null.
template <class T>
struct FinishLossBody {
  const T* weights;
  T divisor;  ///< where there are no weights
  T *total, *factor;
  LSTMLIB_HOST_DEVICE void operator()(Index) const {
    const T by = weights ? *weights : divisor, times = by == T(0) ? T(1) : T(1) / by;
    if (factor) *factor = times;
    if (total) *total *= times;
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
