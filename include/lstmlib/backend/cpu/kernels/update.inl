// SPDX-License-Identifier: MIT
// Optimizer rules and hooks over a span of elements, in one pass over value, gradient and state. For the
// function names in parentheses, see update_rules.inl.

template <class V>
[[gnu::always_inline]] inline V transformed(const GradientTransform* transforms, std::size_t count, V value,
                                            V gradient) {
  for (std::size_t i = 0; i < count; ++i) gradient = (apply_transform)(transforms[i], value, gradient);
  return gradient;
}

template <class T>
void transform_gradient(const UpdateSpan<T>& span, T* to) {
  constexpr int lanes = lanes_of<T>;
  for (Index i = 0; i < span.count; i += lanes) {
    const Index rest = span.count - i;
    if (rest >= lanes) {
      const Lanes<T> g = span.gradient ? load(span.gradient + i) : Lanes<T>{};
      store<T>(to + i, transformed(span.transforms, span.transform_count, load<T>(span.value + i), g));
    } else {
      const Lanes<T> g = span.gradient ? load_part(span.gradient + i, rest) : Lanes<T>{};
      store_part<T>(to + i,
                    transformed(span.transforms, span.transform_count, load_part<T>(span.value + i, rest), g),
                    rest);
    }
  }
}

// Loads as many states as the rule has; the others are never read.
template <class T, class Rule>
void update(const void* chosen, const UpdateSpan<T>& span) {
  constexpr int lanes = lanes_of<T>;
  const Rule& rule = *static_cast<const Rule*>(chosen);
  Index i = 0;
  for (; i < span.count; i += lanes) {
    const Index rest = span.count - i;
    const bool whole = rest >= lanes;
    Lanes<T> g{}, state[3] = {};
    if (span.gradient) g = whole ? load(span.gradient + i) : load_part(span.gradient + i, rest);
    Lanes<T> value = whole ? load<T>(span.value + i) : load_part<T>(span.value + i, rest);
#pragma GCC unroll 3
    for (std::size_t k = 0; k < Rule::states; ++k)
      state[k] = whole ? load<T>(span.state[k] + i) : load_part<T>(span.state[k] + i, rest);
    (apply_rule)(rule, value, transformed(span.transforms, span.transform_count, value, g), state[0],
                 state[1], state[2]);
    if (whole) {
      store<T>(span.value + i, value);
#pragma GCC unroll 3
      for (std::size_t k = 0; k < Rule::states; ++k) store<T>(span.state[k] + i, state[k]);
    } else {
      store_part<T>(span.value + i, value, rest);
      for (std::size_t k = 0; k < Rule::states; ++k) store_part<T>(span.state[k] + i, state[k], rest);
    }
  }
}
