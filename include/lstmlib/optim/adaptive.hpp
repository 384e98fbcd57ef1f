// SPDX-License-Identifier: MIT
#pragma once
// Optimizers with a step size per element: AdaGrad, AdaDelta, RMSprop and SMORMS3. The formulas are in
// math/update_rules.inl.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/optim/optimizer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

struct AdaGradOptions {
  double learning_rate = 0.001;
  double epsilon = 1e-8;

  void check() const;
};

/// AdaGrad: divides a step by the root of the sum of squared gradients. [Duchi 2011]
class AdaGrad : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit AdaGrad(nn::Module& model, AdaGradOptions o = {});

  AdaGradOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

struct AdaDeltaOptions {
  double rho = 0.95;  ///< decay of the running means, 0 <= rho < 1
  double epsilon = 1e-6;

  void check() const;
};

/// AdaDelta: needs no learning rate. [Zeiler 2012]
class AdaDelta : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit AdaDelta(nn::Module& model, AdaDeltaOptions o = {});

  AdaDeltaOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

struct RmsPropOptions {
  double learning_rate = 0.01;
  double alpha = 0.99;  ///< decay of the mean of squared gradients, 0 <= alpha < 1
  double epsilon = 1e-8;
  bool epsilon_inside_sqrt = false;

  void check() const;
};

/// RMSprop: divides a step by the root of the mean of squared gradients. [Tieleman 2012]
class RmsProp : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit RmsProp(nn::Module& model, RmsPropOptions o = {});

  RmsPropOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

struct RmsPropGravesOptions {
  double learning_rate = 1e-4;
  double alpha = 0.95;    ///< decay of the running means, 0 <= alpha < 1
  double momentum = 0.9;  ///< 0 <= momentum < 1
  double epsilon = 1e-4;

  void check() const;
};

/// RMSprop with a centered second moment and momentum. [Graves 2013]
class RmsPropGraves : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit RmsPropGraves(nn::Module& model, RmsPropGravesOptions o = {});

  RmsPropGravesOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

struct Smorms3Options {
  double learning_rate = 0.001;
  double epsilon = 1e-16;

  void check() const;
};

/// SMORMS3: caps the learning rate by how consistent recent gradients are. [Funk 2015]
class Smorms3 : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit Smorms3(nn::Module& model, Smorms3Options o = {});

  Smorms3Options options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
  double initial_state(std::size_t s) const override { return s == 0 ? 1 : 0; }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/adaptive.inl"
#endif
