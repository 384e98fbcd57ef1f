// SPDX-License-Identifier: MIT
// The formulas of optimizers and hooks, for scalars and SIMD vectors. update_formulas.hpp includes this file
// in namespace lstmlib::math; the CPU kernels include it once per instruction set. So it includes nothing,
// and uses only arithmetic, `splat<V>(double)`, `square_root`, `minimum`, `maximum` and `sign_of`. Parentheses
// around the name of a called function turn off argument-dependent lookup, which would add the scalar
// overloads.
//   p: parameter; g: gradient after the hooks; m, v, u: states in the order of the rule

template <class V>
LSTMLIB_HOST_DEVICE inline V apply_transform(const GradientTransform& transform, V p, V g) {
  const V value = splat<V>(transform.value);
  switch (transform.kind) {
    case GradientTransform::Kind::decay: return g + value * p;
    case GradientTransform::Kind::l1_decay: return g + value * sign_of(p);
    case GradientTransform::Kind::scale: return g * value;
    case GradientTransform::Kind::clip: return maximum(minimum(g, splat<V>(transform.upper)), value);
  }
  return g;
}

template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const SgdRule& rule, V& p, V g, V&, V&, V&) {
  p = p - splat<V>(rule.learning_rate) * g;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const MomentumRule& rule, V& p, V g, V& m, V&, V&) {
  m = splat<V>(rule.momentum) * m - splat<V>(rule.learning_rate) * g;
  p = p + m;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const CorrectedMomentumRule& rule, V& p, V g, V& m, V&, V&) {
  m = splat<V>(rule.momentum) * m - g;
  p = p + splat<V>(rule.learning_rate) * m;
}
// Uses the new velocity, as Chainer does.
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const NesterovRule& rule, V& p, V g, V& m, V&, V&) {
  const double mu = rule.momentum;
  m = splat<V>(mu) * m - splat<V>(rule.learning_rate) * g;
  p = p + splat<V>(mu * mu) * m - splat<V>((1 + mu) * rule.learning_rate) * g;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AdaGradRule& rule, V& p, V g, V& m, V&, V&) {
  m = m + g * g;
  p = p - splat<V>(rule.learning_rate) * g / (square_root(m) + splat<V>(rule.epsilon));
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AdaDeltaRule& rule, V& p, V g, V& m, V& v, V&) {
  const V decay = splat<V>(rule.decay), rest = splat<V>(1 - rule.decay), epsilon = splat<V>(rule.epsilon);
  m = decay * m + rest * g * g;
  const V step = square_root((v + epsilon) / (m + epsilon)) * g;
  v = decay * v + rest * step * step;
  p = p - step;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const RmsPropRule& rule, V& p, V g, V& m, V&, V&) {
  const V epsilon = splat<V>(rule.epsilon);
  m = splat<V>(rule.decay) * m + splat<V>(1 - rule.decay) * g * g;
  const V root = rule.epsilon_inside_sqrt ? square_root(m + epsilon) : square_root(m) + epsilon;
  p = p - splat<V>(rule.learning_rate) * g / root;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const RmsPropGravesRule& rule, V& p, V g, V& m, V& v, V& u) {
  const V decay = splat<V>(rule.decay), rest = splat<V>(1 - rule.decay);
  m = decay * m + rest * g * g;
  v = decay * v + rest * g;
  u = splat<V>(rule.momentum) * u -
      splat<V>(rule.learning_rate) * g / square_root(m - v * v + splat<V>(rule.epsilon));
  p = p + u;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const Smorms3Rule& rule, V& p, V g, V& m, V& v, V& u) {
  const V one = splat<V>(1), epsilon = splat<V>(rule.epsilon);
  const V part = one / (m + one);
  v = (one - part) * v + part * g;
  u = (one - part) * u + part * g * g;
  const V certainty = v * v / (u + epsilon);
  p = p - g * minimum(certainty, splat<V>(rule.learning_rate)) / (square_root(u) + epsilon);
  m = one + m * (one - certainty);
}

// The rules of the Adam family differ in the second moment that they use and in bounds for the step.
template <class V>
LSTMLIB_HOST_DEVICE inline void adam_moments(const AdamRule& rule, V g, V& m, V& v) {
  m = m + splat<V>(1 - rule.beta1) * (g - m);
  v = v + splat<V>(1 - rule.beta2) * (g * g - v);
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AdamRule& rule, V& p, V g, V& m, V& v, V&) {
  (adam_moments)(rule, g, m, v);
  p = p * splat<V>(1 - rule.eta * rule.weight_decay_rate) -
      splat<V>(rule.eta * rule.step_size) * m / (square_root(v) + splat<V>(rule.epsilon));
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AmsGradRule& rule, V& p, V g, V& m, V& v, V& u) {
  (adam_moments)(rule, g, m, v);
  u = maximum(u, v);
  p = p * splat<V>(1 - rule.eta * rule.weight_decay_rate) -
      splat<V>(rule.eta * rule.step_size) * m / (square_root(u) + splat<V>(rule.epsilon));
}
template <class V>
LSTMLIB_HOST_DEVICE inline void bounded_step(const AdamRule& rule, double lower, double upper, V& p, V m,
                                             V square) {
  const V rate = splat<V>(rule.step_size) / (square_root(square) + splat<V>(rule.epsilon));
  const V limited = maximum(minimum(rate, splat<V>(upper)), splat<V>(lower));
  p = p * splat<V>(1 - rule.eta * rule.weight_decay_rate) - splat<V>(rule.eta) * limited * m;
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AdaBoundRule& rule, V& p, V g, V& m, V& v, V&) {
  (adam_moments)(rule, g, m, v);
  (bounded_step)(rule, rule.lower, rule.upper, p, m, v);
}
template <class V>
LSTMLIB_HOST_DEVICE inline void apply_rule(const AmsBoundRule& rule, V& p, V g, V& m, V& v, V& u) {
  (adam_moments)(rule, g, m, v);
  u = maximum(u, v);
  (bounded_step)(rule, rule.lower, rule.upper, p, m, u);
}
