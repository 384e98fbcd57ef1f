// SPDX-License-Identifier: MIT
#pragma once
// Adam and its variants. The formulas are in math/update_rules.inl.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/optim/optimizer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// Options of Adam, those of Chainer's Adam and AdamW.
struct AdamOptions {
  double learning_rate = 1e-3;        ///< alpha in the paper
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the running means, 0 <= beta < 1
  double epsilon = 1e-8;
  double eta = 1;                ///< factor of the whole step, including decoupled decay
  double weight_decay_rate = 0;  ///< decoupled decay per step; not multiplied by learning_rate

  void check() const;
};

/// Adam [Kingma 2015, algorithm 1 with the step size of section 2]. With `weight_decay_rate` it is Chainer's
/// AdamW and reads and writes its files.
///
///     optim::Adam adam(model, {.learning_rate = 1e-3});
///     adam.zero_grad();
///     loss.backward();
///     adam.step();
class Adam : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit Adam(nn::Module& model, AdamOptions o = {});

  AdamOptions options;  ///< may be changed between steps

 protected:
  math::AdamRule adam_rule() const;
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  double* weight_decay_option() override { return &options.weight_decay_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

/// Options of AdamW, those of PyTorch's AdamW.
struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the running means, 0 <= beta < 1
  double epsilon = 1e-8;              ///< added to the bias-corrected root of the mean of squares
  double weight_decay = 0.01;         ///< multiplied by learning_rate

  void check() const;
};

/// Adam with decoupled decay [Loshchilov 2019, algorithm 2], equal to PyTorch's AdamW: each step also
/// subtracts learning_rate * weight_decay * p from a parameter p. For Chainer's AdamW use Adam with
/// `weight_decay_rate`.
class AdamW : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit AdamW(nn::Module& model, AdamWOptions o = {});

  AdamWOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  double* weight_decay_option() override { return &options.weight_decay; }
  /// Bias corrections c1, c2: m / (sqrt(v / c2) + epsilon) / c1 = m / (sqrt(v) + epsilon sqrt(c2)) * sqrt(c2)
  /// / c1.
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

/// Adam with the largest second moment so far. [Reddi 2018]
class AmsGrad : public Adam {
 public:
  using Adam::Adam;

 protected:
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

/// Options of AdaBound and AmsBound.
struct AdaBoundOptions {
  AdamOptions adam = {};
  /// Step size that the bounds approach. Scaled by learning_rate / its initial value if learning_rate
  /// changes.
  double final_learning_rate = 0.1;
  double gamma = 1e-3;  ///< speed at which the bounds close

  void check() const;
};

/// Adam with the step size clamped to bounds that close over time. [Luo 2019]
class AdaBound : public Adam {
 public:
  LSTMLIB_LAZY explicit AdaBound(nn::Module& model, AdaBoundOptions o = {});

  double final_learning_rate, gamma;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  LSTMLIB_INLINE math::UpdateRule rule() const override;

  template <class Rule>
  Rule bounded() const;

 private:
  double initial_learning_rate_;
};

/// AdaBound with the largest second moment so far. [Luo 2019]
class AmsBound : public AdaBound {
 public:
  using AdaBound::AdaBound;

 protected:
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/adam.inl"
#endif
