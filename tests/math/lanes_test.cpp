// SPDX-License-Identifier: MIT
// Functions of vectors of numbers against the standard library's, for vectors of every size.
#include "lstmlib/math/lanes.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace lstmlib;

namespace {

/// The largest error of `ours` in units of the last place of the result, where the result is normal.
template <class V, class Ours, class Exact>
double worst_error(const std::vector<double>& points, Ours ours, Exact exact) {
  using T = typename V::Element;
  double worst = 0;
  for (const double point : points) {
    T in[V::count], out[V::count];
    for (int i = 0; i < V::count; ++i) in[i] = static_cast<T>(point + i * 1e-3 * point);
    ours(V::load(in)).store(out);
    for (int i = 0; i < V::count; ++i) {
      const double expected = exact(static_cast<double>(in[i]));
      const double size = std::fmax(std::fabs(expected), double{std::numeric_limits<T>::min()});
      const double error = std::fabs(static_cast<double>(out[i]) - expected) / size /
                           double{std::numeric_limits<T>::epsilon()};
      worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
    }
  }
  return worst;
}

template <class V>
void check() {
  using T = typename V::Element;
  std::vector<double> all, positive;
  for (double x = 1e-6; x < (sizeof(T) == 4 ? 80 : 600); x *= 1.07) all.push_back(x), all.push_back(-x);
  for (double x = sizeof(T) == 4 ? 1e-36 : 1e-300; x < 1e30; x *= 1.9) positive.push_back(x);
  for (double x = 0.5; x < 2; x += 0.013) positive.push_back(x);
  CHECK(worst_error<V>(
            all, [](const V& x) { return formula::exp(x); }, [](double x) { return std::exp(x); }) < 3);
  CHECK(worst_error<V>(
            all, [](const V& x) { return formula::tanh(x); }, [](double x) { return std::tanh(x); }) < 3);
  CHECK(worst_error<V>(
            all, [](const V& x) { return formula::sigmoid(x); },
            [](double x) { return 1 / (1 + std::exp(-x)); }) < 5);
  CHECK(worst_error<V>(
            positive, [](const V& x) { return formula::sqrt(x); }, [](double x) { return std::sqrt(x); }) <=
        1);
  // Near 1, where the logarithm is small, to its distance from 1.
  CHECK(worst_error<V>(
            positive, [](const V& x) { return formula::log(x); }, [](double x) { return std::log(x); }) < 4);

  constexpr T inf = std::numeric_limits<T>::infinity();
  const auto first = [](const V& x) {
    T out[V::count];
    x.store(out);
    return out[V::count - 1];
  };
  CHECK(first(exp(V(T(1000)))) == inf);
  CHECK(first(exp(V(T(-1000)))) == 0);
  CHECK(std::isnan(first(exp(V(std::numeric_limits<T>::quiet_NaN())))));
  CHECK(first(log(V(T(0)))) == -inf);
  CHECK(first(log(V(inf))) == inf);
  CHECK(std::isnan(first(log(V(T(-1))))));
  CHECK(std::isnan(first(log(V(std::numeric_limits<T>::quiet_NaN())))));
  CHECK(std::isnan(first(tanh(V(std::numeric_limits<T>::quiet_NaN())))));
  CHECK(first(tanh(V(T(1000)))) == 1);
  CHECK(first(sigmoid(V(T(-1000)))) < T(1e-30));
  CHECK(first(maximum(V(T(2)), 3)) == 3);
  CHECK(first(minimum(V(T(2)), 3)) == 2);
  CHECK(first(abs(V(T(-2)))) == 2);
  CHECK(first(where(V(T(2)) < V(T(3)), V(T(5)), V(T(6)))) == 5);
  CHECK(first(where((V(T(2)) < V(T(3))) & (V(T(2)) > V(T(3))), V(T(5)), V(T(6)))) == 6);
  CHECK(first(where((V(T(2)) <= V(T(2))) | (V(T(2)) > V(T(3))), V(T(5)), V(T(6)))) == 5);
  CHECK(std::fabs(first(formula::log_sigmoid(V(T(-50)))) + 50) < 1e-5);
  CHECK(std::fabs(first(formula::log_sigmoid(V(T(3)))) - std::log(1 / (1 + std::exp(-3.0)))) < 1e-6);
}

}  // namespace

TEST_CASE("formulas of vectors: exp, log, tanh, sigmoid, sqrt and comparisons") {
  check<formula::Lanes<float, 16>>();
  check<formula::Lanes<float, 32>>();
  check<formula::Lanes<float, 64>>();
  check<formula::Lanes<double, 16>>();
  check<formula::Lanes<double, 32>>();
  check<formula::Lanes<double, 64>>();
}
