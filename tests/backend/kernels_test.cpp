// SPDX-License-Identifier: MIT
// The vector kernels of each instruction set against single numbers.
#include "lstmlib/backend/cpu/gemm.hpp"
#include "lstmlib/backend/registry.hpp"
#include "lstmlib/math/update_formulas.hpp"

#include "settings.hpp"

#include <cmath>
#include <map>
#include <random>

using namespace lstmlib;

namespace {

template <class T>
std::vector<T> numbers(std::mt19937& random, Index count, double low = -1, double high = 1) {
  std::vector<T> v(static_cast<std::size_t>(count));
  for (auto& x : v) x = static_cast<T>(std::uniform_real_distribution<double>(low, high)(random));
  return v;
}

/// Distance in units of the last place of the exact value.
template <class T>
double error_in_last_places(T ours, long double exact) {
  const T near = std::fabs(static_cast<T>(exact));
  const auto place =
      static_cast<long double>(std::nextafter(near, std::numeric_limits<T>::infinity()) - near);
  return static_cast<double>(std::fabs(static_cast<long double>(ours) - exact) / place);
}

template <class T>
void check_products(std::mt19937& random, double tolerance) {
  const auto one_to = [&](Index max) { return std::uniform_int_distribution<Index>(1, max)(random); };
  const Index m = one_to(random() % 2 ? 8 : 110), n = one_to(random() % 2 ? 20 : 200),
              k = one_to(random() % 4 ? 70 : 2500);
  const bool turned_a = random() % 2, turned_b = random() % 2;
  const auto how = random() % 2 ? OutputMode::accumulate : OutputMode::overwrite;
  const auto a = numbers<T>(random, m * k), b = numbers<T>(random, k * n), before = numbers<T>(random, m * n);
  auto c = before;
  cpu::gemm<T>({View<const T>{a.data(), turned_a ? Shape{k, m} : Shape{m, k}}, turned_a},
               {View<const T>{b.data(), turned_b ? Shape{n, k} : Shape{k, n}}, turned_b},
               View<T>{c.data(), {m, n}}, how);
  double worst = 0;
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      const auto at = static_cast<std::size_t>(i * n + j);
      double sum = how == OutputMode::accumulate ? before[at] : 0;
      for (Index q = 0; q < k; ++q)
        sum += static_cast<double>(a[static_cast<std::size_t>(turned_a ? q * m + i : i * k + q)]) *
               static_cast<double>(b[static_cast<std::size_t>(turned_b ? j * k + q : q * n + j)]);
      worst = std::max(worst, std::fabs(sum - c[at]));
    }
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CHECK(worst < tolerance * std::sqrt(static_cast<double>(k)));
}

/// The largest errors of tanh and sigmoid over arguments of all sizes, and at the ends of the range.
template <class T>
void check_activations() {
  const auto& kernels = cpu::kernel_table<T>();
  std::vector<T> x, y;
  for (int i = 0; i < 40000; ++i) {
    const T value =
        static_cast<T>(std::exp2(-30 + 36.4 * i / 40000));  // to 85: beyond, sigmoid may be subnormal
    x.push_back(value);
    x.push_back(-value);
  }
  y.resize(x.size());
  double worst_tanh = 0, worst_sigmoid = 0;
  kernels.unary(UnaryOp::tanh, x.data(), std::ssize(x), y.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    worst_tanh = std::max(worst_tanh, error_in_last_places(y[i], std::tanh(static_cast<long double>(x[i]))));
  kernels.unary(UnaryOp::sigmoid, x.data(), std::ssize(x), y.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    worst_sigmoid = std::max(worst_sigmoid,
                             error_in_last_places(y[i], 1 / (1 + std::exp(-static_cast<long double>(x[i])))));
  CHECK(worst_tanh < 2);
  CHECK(worst_sigmoid < 4);

  const T infinity = std::numeric_limits<T>::infinity();
  const std::vector<T> ends = {0, infinity, -infinity, 1e30f, -1e30f, std::numeric_limits<T>::quiet_NaN(), 3};
  std::vector<T> at_ends(ends.size());
  kernels.unary(UnaryOp::tanh, ends.data(), std::ssize(ends), at_ends.data());
  CHECK(at_ends[0] == 0);
  CHECK(at_ends[1] == 1);
  CHECK(at_ends[2] == -1);
  CHECK(at_ends[3] == 1);
  CHECK(at_ends[4] == -1);
  CHECK(std::isnan(at_ends[5]));
  kernels.unary(UnaryOp::sigmoid, ends.data(), std::ssize(ends), at_ends.data());
  CHECK(at_ends[0] == T(0.5));
  CHECK(at_ends[1] == 1);
  CHECK(at_ends[2] < 1e-37);
  CHECK(std::isnan(at_ends[5]));
  kernels.unary(UnaryOp::relu, ends.data(), std::ssize(ends), at_ends.data());
  CHECK(at_ends[1] == infinity);
  CHECK(at_ends[2] == 0);
  CHECK(at_ends[6] == 3);
}

/// Every rule with every kind of hook, on a length that is no multiple of a vector, dense and in rows.
template <class T>
void check_updates(std::mt19937& random) {
  using math::GradientTransform;
  const std::vector<GradientTransform> transforms = {{GradientTransform::Kind::decay, 0.1},
                                                     {GradientTransform::Kind::l1_decay, 0.02},
                                                     {GradientTransform::Kind::scale, 0.7},
                                                     {GradientTransform::Kind::clip, -0.4, 0.4}};
  math::AdamRule adam{0.01, 0.9, 0.99, 1e-6, 1, 0.02};
  math::AmsGradRule ams_grad;
  static_cast<math::AdamRule&>(ams_grad) = adam;
  math::AdaBoundRule ada_bound{};
  static_cast<math::AdamRule&>(ada_bound) = adam;
  ada_bound.lower = 0.002, ada_bound.upper = 0.02;
  math::AmsBoundRule ams_bound{};
  static_cast<math::AdamRule&>(ams_bound) = adam;
  ams_bound.lower = 0.002, ams_bound.upper = 0.02;
  const std::vector<math::UpdateRule> rules = {math::SgdRule{0.1},
                                               math::MomentumRule{0.1, 0.9},
                                               math::CorrectedMomentumRule{0.1, 0.9},
                                               math::NesterovRule{0.1, 0.9},
                                               math::AdaGradRule{0.1, 1e-6},
                                               math::AdaDeltaRule{0.9, 1e-6},
                                               math::RmsPropRule{0.1, 0.9, 1e-6, true},
                                               math::RmsPropGravesRule{0.01, 0.9, 0.9, 1e-4},
                                               math::Smorms3Rule{0.01, 1e-6},
                                               adam,
                                               ams_grad,
                                               ada_bound,
                                               ams_bound};
  REQUIRE(rules.size() == std::variant_size_v<math::UpdateRule>);
  const Shape shape{37, 5};
  const Index size = shape.elements();
  const std::vector<std::int32_t> ids = {0, 1, 7, 35};
  for (const bool sparse : {false, true})
    for (const auto& rule : rules) {
      CAPTURE(rule.index());
      CAPTURE(sparse);
      auto value = numbers<T>(random, size);
      const auto gradient = numbers<T>(random, size);
      std::vector<T> rows, dense = gradient;
      if (sparse) {
        dense.assign(dense.size(), 0);
        for (const auto id : ids)
          for (std::size_t i = 0; i < 5; ++i) {
            const std::size_t at = static_cast<std::size_t>(id) * 5 + i;
            rows.push_back(dense[at] = gradient[at]);
          }
      }
      std::array<std::vector<T>, 3> state;
      // Variances of centred gradients need mean squares that are above squared means.
      for (std::size_t k = 0; k < 3; ++k)
        state[k] = k == 0 ? numbers<T>(random, size, 1, 2) : numbers<T>(random, size, 0.1, 0.5);
      auto expected_value = value;
      auto expected_state = state;
      double squares = 0;
      std::size_t states = 0;
      std::visit(
          [&](const auto& chosen) {
            states = chosen.states;
            for (std::size_t i = 0; i < value.size(); ++i) {
              T g = dense[i];
              for (const auto& transform : transforms) g = math::apply_transform(transform, value[i], g);
              squares += static_cast<double>(g) * static_cast<double>(g);
              math::apply_rule(chosen, expected_value[i], g, expected_state[0][i], expected_state[1][i],
                               expected_state[2][i]);
            }
          },
          rule);

      GradientView<T> view;
      if (sparse)
        view.indices = {ids.data(), {std::ssize(ids)}}, view.values = {rows.data(), {std::ssize(ids), 5}};
      else view.dense = {gradient.data(), shape};
      auto& kernels = cpu_backend().kernels<T>(0).update;
      UpdateItem<T> item{view, {value.data(), shape}, {}};
      for (std::size_t k = 0; k < states; ++k) item.state[k] = {state[k].data(), shape};
      double sum = 0, factor = 0;
      kernels.add_squared_norm(transforms, {&item, 1}, &sum);
      CHECK(sum == doctest::Approx(squares).epsilon(1e-5));
      kernels.clip_factor(0.5, &sum, &factor);
      CHECK(factor == doctest::Approx(std::min(1.0, 0.5 / std::sqrt(squares))).epsilon(1e-5));
      kernels.update(rule, transforms, {&item, 1});
      const double tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-13;
      double worst = 0;
      for (std::size_t i = 0; i < value.size(); ++i) {
        worst = std::max<double>(worst, std::fabs(value[i] - expected_value[i]));
        for (std::size_t k = 0; k < states; ++k)
          worst = std::max<double>(worst, std::fabs(state[k][i] - expected_state[k][i]));
      }
      CHECK(worst < tolerance);
    }
}

template <class T>
void check_dropout(std::mt19937& random) {
  const std::vector<Index> lengths = {3, 1, 4};
  const SequenceLayout layout(lengths);
  for (const Index width : {1, 3, 16, 37, 130}) {
    const auto x = numbers<T>(random, layout.rows() * width);
    auto y = x;
    const math::RandomKey key{{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())}};
    const std::uint64_t first_sentence = 0x2fffffffeULL;  // so that places need more than 32 bits
    cpu_backend().kernels<T>(0).nn.dropout({key, 0.3, {&layout, first_sentence}},
                                           {x.data(), {layout.rows(), width}},
                                           {y.data(), {layout.rows(), width}}, OutputMode::accumulate);
    bool equal = true;
    for (Index s = 0; s < layout.sequences(); ++s)
      for (Index i = 0; i < layout.length(s); ++i)
        for (Index unit = 0; unit < width; ++unit) {
          const auto words =
              math::dropout_words(key, first_sentence + static_cast<std::uint64_t>(s),
                                  static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(unit / 4));
          const auto at = static_cast<std::size_t>((layout.begin(s) + i) * width + unit);
          const T factor =
              words.word[unit % 4] >= math::dropout_threshold(0.3) ? static_cast<T>(1 / 0.7) : T(0);
          equal = equal && std::fabs(y[at] - (x[at] + x[at] * factor)) < T(1e-6);
        }
    CAPTURE(width);
    CHECK(equal);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("products of all shapes, as they are and transposed", T, float, double) {
  test::with_each_instruction_set([] {
    std::mt19937 random(7);
    for (int i = 0; i < 40; ++i) check_products<T>(random, std::is_same_v<T, float> ? 4e-6 : 1e-14);
  });
}

TEST_CASE("a product does not depend on the number of threads or on how many rows it has") {
  const test::KeepThreads keep;
  std::mt19937 random(3);
  const Index m = 101, n = 150, k = 1500;
  const auto a = numbers<float>(random, m * k), b = numbers<float>(random, k * n);
  const auto product = [&](Index rows) {
    std::vector<float> c(static_cast<std::size_t>(rows * n));
    cpu::gemm<float>(View<const float>{a.data(), {rows, k}}, View<const float>{b.data(), {k, n}},
                     View<float>{c.data(), {rows, n}}, OutputMode::overwrite);
    return c;
  };
  cpu::set_threads(1);
  const auto alone = product(m);
  cpu::set_threads(3);
  CHECK(product(m) == alone);
  for (const Index rows : {1, 2, 7, 50})
    CHECK(product(rows) == std::vector(alone.begin(), alone.begin() + rows * n));
}

TEST_CASE_TEMPLATE("tanh is off by less than 2 units of the last place, sigmoid by less than 4", T, float,
                   double) {
  test::with_each_instruction_set(check_activations<T>);
}

TEST_CASE_TEMPLATE("optimizer rules and hooks are those of the formulas for single numbers", T, float,
                   double) {
  test::with_each_instruction_set([] {
    std::mt19937 random(5);
    check_updates<T>(random);
  });
}

TEST_CASE_TEMPLATE("dropout's masks are those of dropout_words", T, float, double) {
  test::with_each_instruction_set([] {
    std::mt19937 random(9);
    check_dropout<T>(random);
  });
}

TEST_CASE("rows of equal ids are summed in the order of the rows") {
  std::mt19937 random(4);
  const Index width = 19, count = 3000;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  for (auto& id : ids) id = static_cast<std::int32_t>(random() % 500) - 1;
  const auto rows = numbers<float>(random, count * width);
  std::map<std::int32_t, std::vector<float>> expected;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == -1) continue;
    auto& sum = expected[ids[i]];
    const bool first = sum.empty();
    sum.resize(static_cast<std::size_t>(width));
    for (std::size_t j = 0; j < sum.size(); ++j) {
      const float x = rows[i * static_cast<std::size_t>(width) + j];
      sum[j] = first ? x : sum[j] + x;
    }
  }
  std::vector<std::int32_t> distinct(ids.size());
  std::vector<float> sums(rows.size());
  const Index found = cpu_backend().kernels<float>(0).nn.sum_rows_by_id(
      {rows.data(), {count, width}}, {ids.data(), {count}}, -1, {}, {distinct.data(), {count}},
      {sums.data(), {count, width}});
  REQUIRE(found == std::ssize(expected));
  Index i = 0;
  for (const auto& [id, sum] : expected) {
    CHECK(distinct[static_cast<std::size_t>(i)] == id);
    CHECK(std::vector(sums.begin() + i * width, sums.begin() + (i + 1) * width) == sum);
    ++i;
  }
}
