// SPDX-License-Identifier: MIT
// Elementwise functions and arithmetic with broadcasting: values against the standard library's in every
// instruction set, shapes against a plain loop, and gradients against differences.
#include "lstmlib/core.hpp"

#include "../backend/settings.hpp"

#include <cmath>
#include <functional>

using namespace lstmlib;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

template <Real T>
struct ScalarFunction {
  const char* name;
  Variable<T> (*ours)(const Variable<T>&);
  long double (*exact)(long double);
  double low, high;  // of the numbers that are tried
  double places;     // allowed error in units of the last place
};
template <Real T>
std::vector<ScalarFunction<T>> functions() {
  using V = const Variable<T>&;
  using R = long double;
  const double most = std::is_same_v<T, float> ? 88 : 709;
  return {
      {"exp", [](V x) { return ops::exp(x); }, [](R x) { return std::exp(x); }, -most, most, 2},
      {"exp near 0", [](V x) { return ops::exp(x); }, [](R x) { return std::exp(x); }, -1, 1, 2},
      {"expm1", [](V x) { return ops::expm1(x); }, [](R x) { return std::expm1(x); }, -20, 20, 4},
      {"expm1 near 0", [](V x) { return ops::expm1(x); }, [](R x) { return std::expm1(x); }, -0.01, 0.01, 4},
      {"log", [](V x) { return ops::log(x); }, [](R x) { return std::log(x); }, 0, 1000, 2},
      {"log near 1", [](V x) { return ops::log(x); }, [](R x) { return std::log(x); }, 0.5, 2, 2},
      {"log1p", [](V x) { return ops::log1p(x); }, [](R x) { return std::log1p(x); }, -1, 10, 3},
      {"log1p near 0", [](V x) { return ops::log1p(x); }, [](R x) { return std::log1p(x); }, -1e-3, 1e-3, 3},
      {"sqrt", [](V x) { return ops::sqrt(x); }, [](R x) { return std::sqrt(x); }, 0, 1000, 0.51},
      {"square", [](V x) { return ops::square(x); }, [](R x) { return x * x; }, -9, 9, 0.51},
      {"pow", [](V x) { return ops::pow(x, 2.7); }, [](R x) { return std::pow(x, R(T(2.7))); }, 0, 100, 2},
      {"pow -3", [](V x) { return ops::pow(x, -3); }, [](R x) { return std::pow(x, R(-3)); }, -9, 9, 2},
      {"abs", [](V x) { return ops::abs(x); }, [](R x) { return std::fabs(x); }, -9, 9, 0},
      {"softplus", [](V x) { return ops::softplus(x); }, [](R x) { return std::log1p(std::exp(x)); }, -40, 40,
       4},
      {"log_sigmoid", [](V x) { return ops::log_sigmoid(x); }, [](R x) { return -std::log1p(std::exp(-x)); },
       -40, 40, 4},
      {"silu", [](V x) { return ops::silu(x); }, [](R x) { return x / (1 + std::exp(-x)); }, -20, 20, 6},
      {"gelu", [](V x) { return ops::gelu(x); }, [](R x) { return x / 2 * std::erfc(-x / std::sqrt(R(2))); },
       -1, 9, 6},
      {"elu", [](V x) { return ops::elu(x); }, [](R x) { return x > 0 ? x : std::expm1(x); }, -20, 9, 4},
      {"erf", [](V x) { return ops::erf(x); }, [](R x) { return std::erf(x); }, -4, 4, 2},
      {"sin", [](V x) { return ops::sin(x); }, [](R x) { return std::sin(x); }, -99, 99, 2},
      {"cos", [](V x) { return ops::cos(x); }, [](R x) { return std::cos(x); }, -99, 99, 2},
  };
}

template <Real T>
Tensor<T> spread(double low, double high, Index count) {
  auto made = Tensor<T>::uninitialized({count});
  const auto key = math::random_key(3, 98, 1);
  for (Index i = 0; i < count; ++i)
    made.mutable_values()[static_cast<std::size_t>(i)] = static_cast<T>(
        low +
        (high - low) * static_cast<double>(math::random_word(key, static_cast<std::uint64_t>(i))) * 0x1p-32);
  return made;
}
/// Reproducible values away from 0, where absolute values have corners.
Tensor<double> away_from_zero(const Shape& shape, std::uint64_t stream) {
  auto made = Tensor<double>::uninitialized(shape);
  const auto key = math::random_key(7, 99, stream);
  for (std::size_t i = 0; i < made.values().size(); ++i) {
    const double u = 2 * static_cast<double>(math::uniform(key, i)) - 1;
    made.mutable_values()[i] = u + (u < 0 ? -0.05 : 0.05);
  }
  return made;
}
Variable<double> by_weights(const Variable<double>& x) {
  return ops::sum(x * Variable<double>(away_from_zero(x.shape(), 1234)));
}

template <Real T>
T value_at(Variable<T> (*function)(const Variable<T>&), double x) {
  return function(Variable<T>(Tensor<T>::from({static_cast<T>(x)}, {1}))).item();
}

}  // namespace

TEST_CASE_TEMPLATE("elementwise: functions are right to a few units of the last place", T, float, double) {
  test::with_each_instruction_set([] {
    for (const auto& f : functions<T>()) {
      CAPTURE(f.name);
      const auto x = spread<T>(f.low, f.high, 1003);
      const auto y = f.ours(Variable<T>(x));
      double worst = 0;
      for (std::size_t i = 0; i < x.values().size(); ++i) {
        const long double exact = f.exact(x.values()[i]);
        const T near = std::fabs(static_cast<T>(exact));
        const auto place =
            static_cast<long double>(std::nextafter(near, std::numeric_limits<T>::infinity()) - near);
        worst = std::max(worst, static_cast<double>(std::fabs(y.value().values()[i] - exact) / place));
      }
      CHECK(worst <= f.places);
    }
  });
}

TEST_CASE_TEMPLATE("elementwise: infinity, zero, NaN and numbers below the normal ones", T, float, double) {
  test::with_each_instruction_set([] {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(value_at<T>(ops::exp, infinite) == infinite);
    CHECK(value_at<T>(ops::exp, 800) == infinite);
    CHECK(value_at<T>(ops::exp, -infinite) == 0);
    CHECK(value_at<T>(ops::exp, -800) == 0);
    CHECK(std::isnan(value_at<T>(ops::exp, nan)));
    const double small = std::is_same_v<T, float> ? -95 : -720;  // the result is subnormal
    CHECK(value_at<T>(ops::exp, small) == doctest::Approx(std::exp(static_cast<T>(small))).epsilon(1e-3));
    CHECK(value_at<T>(ops::log, 0) == -infinite);
    CHECK(value_at<T>(ops::log, infinite) == infinite);
    CHECK(std::isnan(value_at<T>(ops::log, -1)));
    CHECK(std::isnan(value_at<T>(ops::log, -infinite)));
    CHECK(std::isnan(value_at<T>(ops::log, nan)));
    const T subnormal = std::numeric_limits<T>::denorm_min() * 5;
    CHECK(value_at<T>(ops::log, static_cast<double>(subnormal)) ==
          doctest::Approx(std::log(subnormal)).epsilon(1e-6));
    CHECK(value_at<T>(ops::log1p, -1) == -infinite);
    CHECK(value_at<T>(ops::log1p, infinite) == infinite);
    CHECK(std::isnan(value_at<T>(ops::log1p, -1.5)));
    CHECK(value_at<T>(ops::expm1, 0) == 0);
    CHECK(value_at<T>(ops::expm1, infinite) == infinite);
    CHECK(value_at<T>(ops::expm1, -infinite) == -1);
    CHECK(value_at<T>(ops::softplus, 800) == T(800));
    CHECK(value_at<T>(ops::softplus, -800) == 0);
    CHECK(value_at<T>(ops::log_sigmoid, -800) == T(-800));
    CHECK(value_at<T>(ops::log_sigmoid, 800) == 0);
    CHECK(std::isnan(value_at<T>(ops::softplus, nan)));
    CHECK(std::isnan(value_at<T>(ops::sqrt, -1)));
    CHECK(std::isnan(value_at<T>(ops::abs, nan)));
    CHECK(value_at<T>(ops::abs, -infinite) == infinite);
    CHECK_FALSE(std::signbit(value_at<T>(ops::abs, -0.0)));
    const Variable<T> x(Tensor<T>::from({T(nan), 1, T(nan)}, {3})), y(Tensor<T>::from({1, T(nan), 2}, {3}));
    for (const auto& z : {ops::minimum(x, y), ops::maximum(x, y), ops::clamp(x, 0, 2) + y})
      for (std::size_t i = 0; i < 2; ++i) CHECK(std::isnan(z.value().values()[i]));
  });
}

TEST_CASE_TEMPLATE("elementwise: arithmetic broadcasts as NumPy does", T, float, double) {
  const std::vector<std::pair<Shape, Shape>> pairs = {
      {{4, 3}, {3}},         {{3}, {4, 3}},
      {{4, 3}, {4, 1}},      {{4, 1}, {1, 3}},
      {{}, {2, 5}},          {{2, 5}, {1}},
      {{2, 1, 4}, {3, 1}},   {{2, 3, 4, 5}, {3, 1, 5}},
      {{1, 1}, {1}},         {{0, 3}, {3}},
      {{3, 1}, {3, 40'000}}, {{1, 2, 1, 2, 1, 2}, {2, 1, 2, 1, 2, 1}},
      {{5, 1, 7}, {1, 7}},   {{2, 20'001}, {1, 1}}};
  test::with_each_instruction_set([&] {
    for (const auto& pair : pairs) {
      const auto &a_shape = pair.first, &b_shape = pair.second;
      const Shape shape = ops::broadcast_shape("test", a_shape, b_shape);
      CAPTURE(to_string(a_shape));
      CAPTURE(to_string(b_shape));
      const Variable<T> a(spread<T>(1, 2, a_shape.elements()).reshape(a_shape));
      const Variable<T> b(spread<T>(-2, -1, b_shape.elements()).reshape(b_shape));
      // The element of an operand for element i of the result.
      const auto element = [&](const Variable<T>& x, Index i) {
        Index place = 0, step = 1;
        for (int back = 1; back <= shape.rank(); ++back) {
          const Index along = i % shape[shape.rank() - back];
          i /= shape[shape.rank() - back];
          if (back > x.shape().rank()) continue;
          const Index size = x.shape()[x.shape().rank() - back];
          if (size != 1) place += along * step;
          step *= size;
        }
        return x.value().values()[static_cast<std::size_t>(place)];
      };
      const auto check = [&](const char* name, const Variable<T>& y, auto expected) {
        CAPTURE(name);
        REQUIRE(y.shape() == shape);
        bool right = true;
        for (Index i = 0; i < shape.elements(); ++i)
          right = right &&
                  y.value().values()[static_cast<std::size_t>(i)] == expected(element(a, i), element(b, i));
        CHECK(right);
      };
      check("add", a + b, [](T x, T y) { return x + y; });
      check("subtract", a - b, [](T x, T y) { return x - y; });
      check("multiply", a * b, [](T x, T y) { return x * y; });
      check("divide", a / b, [](T x, T y) { return x / y; });
      check("minimum", ops::minimum(a, b), [](T x, T y) { return std::min(x, y); });
      check("maximum", ops::maximum(a, b), [](T x, T y) { return std::max(x, y); });
    }
  });
}

TEST_CASE("elementwise: numbers on both sides") {
  const Variable<float> x(Tensor<float>::from({1, -2, 4}, {3}));
  const auto all = [](const Variable<float>& y) {
    return std::vector<float>(y.value().values().begin(), y.value().values().end());
  };
  using Numbers = std::vector<float>;
  CHECK(all(x + 1) == Numbers{2, -1, 5});
  CHECK(all(1 + x) == Numbers{2, -1, 5});
  CHECK(all(x - 0.5) == Numbers{0.5F, -2.5F, 3.5F});
  CHECK(all(1 - x) == Numbers{0, 3, -3});
  CHECK(all(x * 2L) == Numbers{2, -4, 8});
  CHECK(all(2.0F * x) == Numbers{2, -4, 8});
  CHECK(all(x / 2) == Numbers{0.5F, -1, 2});
  CHECK(all(2 / x) == Numbers{2, -1, 0.5F});
  CHECK(all(-x) == Numbers{-1, 2, -4});
  CHECK(all(+x) == Numbers{1, -2, 4});
  CHECK(all(ops::pow(2, x)) == Numbers{2, 0.25F, 16});
}

TEST_CASE("elementwise: `+=` makes a new variable and changes no value") {
  Variable<double> x(Tensor<double>::from({1, 2}, {2}), true);
  const Variable<double> before = x;
  Variable<double> total = ops::sum(x);
  for (int i = 0; i < 3; ++i) total += ops::sum(x * x);
  total *= 2;
  total -= 1;
  total /= Variable<double>(Tensor<double>::from({2}, {}));
  CHECK(total.item() == doctest::Approx((2 * (3 + 3 * 5) - 1) / 2.0));
  total.backward();
  CHECK(x.grad().values()[1] == doctest::Approx(1 + 3 * 2 * 2));
  x += 5;
  CHECK(before.value().values()[0] == 1);
  CHECK(x.value().values()[0] == 6);
}

TEST_CASE("elementwise: gradients") {
  using In = std::span<const Variable<double>>;
  const std::vector<Tensor<double>> x{away_from_zero({3, 5}, 3)};
  const std::vector<std::function<Variable<double>(In)>> of_one = {
      [](In in) { return ops::exp(in[0]); },
      [](In in) { return ops::expm1(in[0]); },
      [](In in) { return ops::log(in[0] + 3); },
      [](In in) { return ops::log1p(in[0] + 1); },
      [](In in) { return ops::sqrt(in[0] + 2); },
      [](In in) { return ops::square(in[0]); },
      [](In in) { return ops::pow(in[0] + 2, 2.5); },
      [](In in) { return ops::pow(in[0], 3); },
      [](In in) { return ops::pow(in[0], 0); },
      [](In in) { return ops::pow(1.5, in[0]); },
      [](In in) { return ops::abs(in[0]); },
      [](In in) { return ops::sign(in[0]) * in[0]; },
      [](In in) { return ops::clamp(in[0], -0.5, 0.25); },
      [](In in) { return ops::softplus(in[0]); },
      [](In in) { return ops::log_sigmoid(in[0]); },
      [](In in) { return ops::silu(in[0]); },
      [](In in) { return ops::gelu(in[0]); },
      [](In in) { return ops::leaky_relu(in[0], 0.2); },
      [](In in) { return ops::elu(in[0], 1.5); },
      [](In in) { return ops::erf(in[0]); },
      [](In in) { return ops::sin(in[0]); },
      [](In in) { return ops::cos(in[0]); },
      [](In in) { return 2 - in[0]; },
      [](In in) { return in[0] + 2; },
      [](In in) { return in[0] / 3; },
      [](In in) { return 2 / (in[0] + 3); },
  };
  for (std::size_t i = 0; i < of_one.size(); ++i) {
    CAPTURE(i);
    check_gradient([&](In in) { return by_weights(of_one[i](in)); }, x);
  }
  const std::vector<std::function<Variable<double>(In)>> of_two = {
      [](In in) { return in[0] + in[1]; },
      [](In in) { return in[0] - in[1]; },
      [](In in) { return in[0] * in[1]; },
      [](In in) { return in[0] / (in[1] + 3); },
      [](In in) { return ops::pow(in[0] + 2, in[1]); },
      [](In in) { return ops::minimum(in[0], in[1]); },
      [](In in) { return ops::maximum(in[0], in[1]); },
  };
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{3, 4}, {3, 4}}, {{3, 4}, {4}}, {{3, 1}, {4}}, {{}, {3, 4}}, {{2, 3, 4}, {2, 1, 4}}};
  for (const auto& pair : shapes)
    for (std::size_t i = 0; i < of_two.size(); ++i) {
      const auto &a = pair.first, &b = pair.second;
      CAPTURE(i);
      CAPTURE(to_string(b));
      check_gradient([&](In in) { return by_weights(of_two[i](in)); },
                     {away_from_zero(a, 1), away_from_zero(b, 2)});
    }
}

TEST_CASE("elementwise: gradients where functions have corners, as in PyTorch") {
  const auto gradient = [](double at, auto function) {
    Variable<double> x(Tensor<double>::from({at}, {1}), true);
    ops::sum(function(x)).backward();
    return x.grad().values()[0];
  };
  using V = const Variable<double>&;
  CHECK(gradient(0, [](V x) { return ops::abs(x); }) == 0);
  CHECK(gradient(1, [](V x) { return ops::clamp(x, -1, 1); }) == 0);
  CHECK(gradient(0.9, [](V x) { return ops::clamp(x, -1, 1); }) == 1);
  CHECK(gradient(1.5, [](V x) { return ops::clamp(x, -1, 1); }) == 0);
  CHECK(gradient(0, [](V x) { return ops::sqrt(x); }) == infinite);
  CHECK(gradient(0, [](V x) { return ops::pow(x, 0); }) == 0);
  CHECK(gradient(0, [](V x) { return ops::pow(x, 1); }) == 1);
  Variable<double> a(Tensor<double>::from({2, 1, 0}, {3}), true),
      b(Tensor<double>::from({2, 3, -1}, {3}), true);
  ops::sum(ops::maximum(a, b)).backward();
  CHECK(std::vector<double>(a.grad().values().begin(), a.grad().values().end()) ==
        std::vector<double>{0.5, 0, 1});
  CHECK(std::vector<double>(b.grad().values().begin(), b.grad().values().end()) ==
        std::vector<double>{0.5, 1, 0});
}

TEST_CASE("elementwise: results do not depend on the number of threads") {
  const test::KeepThreads keep;
  std::vector<float> first;
  for (const int threads : {1, 3}) {
    cpu::set_threads(threads);
    Variable<float> x(spread<float>(-1, 1, 50'000).reshape({50, 1000}), true);
    Variable<float> row(spread<float>(1, 2, 1000), true);
    ops::sum(ops::exp(x * row) / row).backward();
    std::vector<float> all(x.grad().values().begin(), x.grad().values().end());
    all.insert(all.end(), row.grad().values().begin(), row.grad().values().end());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}
