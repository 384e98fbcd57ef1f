// SPDX-License-Identifier: MIT
// Operations that move, choose and reduce elements: gradients, ties, NaN, long lines, and what they refuse.
#include "lstmlib/core.hpp"

#include "../backend/settings.hpp"
#include "arguments.hpp"

#include <cmath>
#include <functional>

using namespace lstmlib;
using test::refused;

namespace {
using ArrayInputs = std::span<const Variable<double>>;
Tensor<double> array_values(const Shape& shape, std::uint64_t stream) {
  auto made = Tensor<double>::uninitialized(shape);
  const auto key = math::random_key(7, 97, stream);
  for (std::size_t i = 0; i < made.values().size(); ++i)
    made.mutable_values()[i] = 2 * static_cast<double>(math::uniform(key, i)) - 1;
  return made;
}
template <Element T>
std::vector<T> all_of(const Tensor<T>& x) {
  return {x.values().begin(), x.values().end()};
}
Variable<double> line(std::initializer_list<double> values) {
  return Variable<double>(Tensor<double>::from(values, {static_cast<Index>(values.size())}), true);
}
constexpr double not_number = std::numeric_limits<double>::quiet_NaN();
constexpr double unbounded = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("arrays: gradients") {
  const auto ids = ops::Indices::from({1, 0, 1, 2}, {4});
  const auto each = ops::Indices::from({1, 0, 1, 2, 1, 1, 0, 0}, {2, 1, 4});
  const std::vector<std::function<Variable<double>(ArrayInputs)>> operations = {
      [](ArrayInputs in) {
        return ops::permute(in[0], {2, 0, 1});
      },
      [](ArrayInputs in) { return ops::transpose(in[0], 0, -1); },
      [](ArrayInputs in) { return ops::slice(in[0], 1, 1, 3); },
      [](ArrayInputs in) { return ops::slice(in[0], -1, -2); },
      [](ArrayInputs in) { return ops::select(in[0], 1, -1); },
      [](ArrayInputs in) {
        return ops::broadcast_to(ops::slice(in[0], 1, 0, 1), {5, 2, 3, 4});
      },
      [](ArrayInputs in) { return ops::squeeze(ops::unsqueeze(in[0], 1)); },
      [](ArrayInputs in) {
        return ops::concat<double>({in[0], in[0]}, 0);
      },
      [](ArrayInputs in) {
        return ops::stack<double>({in[0], in[0] * 2}, -1);
      },
      [](ArrayInputs in) { return ops::chunk(in[0], 2, 2)[1]; },
      [&](ArrayInputs in) { return ops::index_select(in[0], 1, ids); },
      [&](ArrayInputs in) { return ops::gather(in[0], 1, each); },
      [](ArrayInputs in) { return ops::where(in[0] > 0.1, in[0] * 3, in[0]); },
      [](ArrayInputs in) { return ops::masked_fill(in[0], in[0] < 0, 7); },
      [](ArrayInputs in) {
        return ops::sum(in[0], {0, 2});
      },
      [](ArrayInputs in) {
        return ops::mean(in[0], {1, 2}, {.keepdim = true});
      },
      [](ArrayInputs in) {
        return ops::max(in[0], {0, 2});
      },
      [](ArrayInputs in) { return ops::min(in[0]); },
      [](ArrayInputs in) { return ops::min(in[0], 1); },
      [](ArrayInputs in) { return ops::variance(in[0], 1); },
      [](ArrayInputs in) {
        return ops::variance(in[0], {0, 2}, {.correction = 0});
      },
      [](ArrayInputs in) { return ops::standard_deviation(in[0]); },
      [](ArrayInputs in) { return ops::norm(in[0], 2); },
      [](ArrayInputs in) { return ops::norm(in[0], 0, {.order = 1}); },
      [](ArrayInputs in) { return ops::logsumexp(in[0], 1); },
      [](ArrayInputs in) { return ops::logsumexp(in[0], 2, {.keepdim = true}); },
      [](ArrayInputs in) { return ops::cumsum(in[0], 1); },
      [](ArrayInputs in) { return ops::topk(in[0], 2).values; },
      [](ArrayInputs in) { return ops::matmul(in[0], ops::transpose(in[0], 1, 2)); },
      [](ArrayInputs in) {
        return ops::elementwise(
            "cube", in[0], [](double v) { return v * v * v; }, [](double v) { return 3 * v * v; });
      },
  };
  for (std::size_t i = 0; i < operations.size(); ++i) {
    CAPTURE(i);
    check_gradient(operations[i], {array_values({2, 3, 4}, 1)});
  }
  check_gradient([](ArrayInputs in) { return ops::matmul(in[0], in[1]); },
                 {array_values({2, 3, 4}, 1), array_values({4}, 2)});
  check_gradient([](ArrayInputs in) { return ops::matmul(in[0], in[1]); },
                 {array_values({4}, 1), array_values({4}, 2)});
}

TEST_CASE_TEMPLATE("arrays: reductions of long and short lines agree with a plain loop", T, float, double) {
  const std::vector<Shape> shapes = {{3, 5, 1},    {2, 1, 7}, {1, 40'001, 1},
                                     {2, 300, 70}, {5, 3, 2}, {2, 4, 33}};
  test::with_each_instruction_set([&] {
    for (const Shape& shape : shapes) {
      CAPTURE(to_string(shape));
      auto values = Tensor<T>::uninitialized(shape);
      const auto key = math::random_key(7, 96, 1);
      for (std::size_t i = 0; i < values.values().size(); ++i)
        values.mutable_values()[i] = static_cast<T>(math::uniform(key, i) - 0.3F);
      const Variable<T> x(values);
      const auto check = [&](const char* name, const Variable<T>& y, auto expected) {
        CAPTURE(name);
        REQUIRE(y.shape() == Shape{shape[0], shape[2]});
        for (Index outer = 0; outer < shape[0]; ++outer)
          for (Index inner = 0; inner < shape[2]; ++inner) {
            std::vector<double> one;
            for (Index i = 0; i < shape[1]; ++i) one.push_back(static_cast<double>(x.at(outer, i, inner)));
            const double theirs = expected(one), ours = static_cast<double>(y.at(outer, inner));
            if (!(std::abs(ours - theirs) <=
                  (std::is_same_v<T, float> ? 2e-5 : 1e-12) * (1 + std::abs(theirs))))
              FAIL_CHECK(ours, " instead of ", theirs);
          }
      };
      const auto sum = [](const std::vector<double>& one, auto f) {
        double all = 0;
        for (const double v : one) all += f(v);
        return all;
      };
      using Line = const std::vector<double>&;
      check("sum", ops::sum(x, 1), [&](Line one) { return sum(one, [](double v) { return v; }); });
      check("min", ops::min(x, 1), [](Line one) { return *std::min_element(one.begin(), one.end()); });
      check("norm", ops::norm(x, 1),
            [&](Line one) { return std::sqrt(sum(one, [](double v) { return v * v; })); });
      check("norm 1", ops::norm(x, 1, {.order = 1}),
            [&](Line one) { return sum(one, [](double v) { return std::abs(v); }); });
      check("logsumexp", ops::logsumexp(x, 1),
            [&](Line one) { return std::log(sum(one, [](double v) { return std::exp(v); })); });
      check("variance", ops::variance(x, 1, {.correction = 0}), [&](Line one) {
        const auto n = static_cast<double>(one.size());
        const double mean = sum(one, [](double v) { return v; }) / n;
        return sum(one, [&](double v) { return (v - mean) * (v - mean); }) / n;
      });
    }
  });
}

TEST_CASE("arrays: ties, NaN and infinity") {
  const auto x = line({2, 5, 5, 1, 1});
  CHECK(ops::argmax(x, 0).item() == 1);
  CHECK(ops::argmin(x, 0).item() == 3);
  CHECK(all_of(ops::topk(x, 4).indices) == std::vector<std::int32_t>{1, 2, 0, 3});
  CHECK(all_of(ops::topk(x, 3, 0, {.smallest = true}).indices) == std::vector<std::int32_t>{3, 4, 0});
  const auto with_nan = line({2, not_number, 7, not_number});
  CHECK(ops::argmax(with_nan, 0).item() == 1);
  CHECK(ops::argmin(with_nan, 0).item() == 1);
  CHECK(all_of(ops::topk(with_nan, 3).indices) == std::vector<std::int32_t>{1, 3, 2});
  CHECK(std::isnan(ops::min(with_nan).item()));
  CHECK(std::isnan(ops::logsumexp(with_nan).item()));
  CHECK(ops::logsumexp(line({-unbounded, -unbounded})).item() == -unbounded);
  CHECK(ops::logsumexp(line({-unbounded, 3})).item() == 3);
  CHECK(ops::logsumexp(line({unbounded, 3})).item() == unbounded);
  CHECK(ops::logsumexp(line({1e6, 1e6})).item() == doctest::Approx(1e6 + std::log(2.0)));
  ops::min(x).backward();  // each of the equal ones
  CHECK(all_of(x.grad()) == std::vector<double>{0, 0, 0, 1, 1});
  const auto zero = line({0, 0});
  ops::norm(zero).backward();
  CHECK(all_of(zero.grad()) == std::vector<double>{0, 0});
  // A NaN that was not chosen has no part in the gradient.
  const auto y = line({-1, 4});
  ops::sum(ops::where(y > 0, ops::sqrt(ops::where(y > 0, y, 1)), 0)).backward();
  CHECK(all_of(y.grad()) == std::vector<double>{0, 0.25});
}

TEST_CASE("arrays: masks") {
  const auto x = line({-1, 0, 2}), y = line({0, 0, not_number});
  using Numbers = std::vector<double>;
  CHECK(all_of(x > 0) == Numbers{0, 0, 1});
  CHECK(all_of(x >= 0) == Numbers{0, 1, 1});
  CHECK(all_of(0 > x) == Numbers{1, 0, 0});
  CHECK(all_of(0 >= x) == Numbers{1, 1, 0});
  CHECK(all_of(1 < x) == Numbers{0, 0, 1});
  CHECK(all_of(2 <= x) == Numbers{0, 0, 1});
  CHECK(all_of(x < y) == Numbers{1, 0, 0});
  CHECK(all_of(x <= y) == Numbers{1, 1, 0});
  CHECK(all_of(x > y) == Numbers{0, 0, 0});
  CHECK(all_of(x >= y) == Numbers{0, 1, 0});
  CHECK(all_of(ops::equal(x, y)) == Numbers{0, 1, 0});
  CHECK(all_of(ops::not_equal(y, y)) == Numbers{0, 0, 1});
  CHECK(all_of(ops::equal(x, 2)) == Numbers{0, 0, 1});
  CHECK(all_of(ops::not_equal(x, 2)) == Numbers{1, 1, 0});
  CHECK(all_of(ops::sequence_mask<double>(*test::layout_of({2, 3, 1}))) ==
        Numbers{1, 1, 0, 1, 1, 1, 1, 0, 0});
}

TEST_CASE("arrays: what is refused") {
  const Variable<double> x(Tensor<double>::zeros({2, 3})), none;
  const auto ids = [](std::int32_t id) { return ops::Indices::from({id}, {1}); };
  const auto check = [&](const std::string& op, auto use) { refused(op, "a wrong argument", use); };
  check("permute", [&] { (void)ops::permute(x, {0}); });
  check("permute", [&] { (void)ops::permute(x, {0, 0}); });
  check("permute", [&] { (void)ops::permute(x, {0, 2}); });
  check("transpose", [&] { (void)ops::transpose(x, 0, 2); });
  check("slice", [&] { (void)ops::slice(x, 1, 0, 4); });
  check("slice", [&] { (void)ops::slice(x, 1, 2, 1); });
  check("slice", [&] { (void)ops::slice(x, 1, -4); });
  check("select", [&] { (void)ops::select(x, 0, 2); });
  check("broadcast_to", [&] { (void)ops::broadcast_to(x, {3}); });
  check("broadcast_to", [&] { (void)ops::broadcast_to(x, {2, 4}); });
  check("squeeze", [&] { (void)ops::squeeze(x, 1); });
  check("unsqueeze", [&] { (void)ops::unsqueeze(x, 3); });
  check("concat", [&] { (void)ops::concat<double>({x, none}, 0); });
  check("concat", [&] { (void)ops::concat<double>({x, ops::sum(x, 0)}, 0); });
  check("stack", [&] { (void)ops::stack<double>({x, ops::transpose(x)}); });
  check("stack", [&] { (void)ops::stack<double>({}); });
  check("split", [&] { (void)ops::split(x, std::vector<Index>{1, 1}, 1); });
  check("chunk", [&] { (void)ops::chunk(x, 2, 1); });
  check("chunk", [&] { (void)ops::chunk(x, 0, 1); });
  check("index_select: id 3, expected 0 to 2", [&] { (void)ops::index_select(x, 1, ids(3)); });
  check("index_select", [&] { (void)ops::index_select(x, 1, ids(-1)); });
  check("index_select", [&] { (void)ops::index_select(x, 1, {}); });
  check("gather", [&] { (void)ops::gather(x, 1, ids(0)); });
  check("topk", [&] { (void)ops::topk(x, 4); });
  check("topk", [&] { (void)ops::topk(x, -1); });
  check("argmax", [&] { (void)ops::argmax(Variable<double>(Tensor<double>::zeros({2, 0})), 1); });
  check("min", [&] { (void)ops::min(Variable<double>(Tensor<double>::zeros({0}))); });
  check("sum: axis 1 of shape [2, 3] is named twice", [&] { (void)ops::sum(x, {1, -1}); });
  check("variance", [&] { (void)ops::variance(x, 1, {.correction = 3}); });
  check("variance", [&] { (void)ops::variance(x, 1, {.correction = -1}); });
  check("norm", [&] { (void)ops::norm(x, 1, {.order = 3}); });
  check("clamp", [&] { (void)ops::clamp(x, 1, 0); });
  check("clamp", [&] { (void)ops::clamp(x, not_number, 0); });
  check("pow", [&] { (void)ops::pow(x, not_number); });
  check("matmul", [&] { (void)ops::matmul(x, x); });
  check("matmul", [&] { (void)ops::matmul(x, Variable<double>(Tensor<double>::zeros({}))); });
  check("where", [&] { (void)ops::where(x > 0, none, 1); });
  check("where", [&] { (void)ops::where(Tensor<double>(), x, 1); });
  check("where", [&] { (void)ops::where(x > 0, x, Variable<double>(Tensor<double>::zeros({4}))); });
  check("backward", [&] {
    Variable<double> leaf(Tensor<double>::zeros({2}), true);
    (leaf * 2).backward(Tensor<double>::zeros({3}));
  });
  for (const auto& use : std::vector<std::function<void()>>{
           [&] { (void)ops::exp(none); }, [&] { (void)ops::pow(none, 2); }, [&] { (void)ops::sum(none); },
           [&] { (void)ops::min(none); }, [&] { (void)ops::variance(none); }, [&] { (void)ops::norm(none); },
           [&] { (void)ops::logsumexp(none); }, [&] { (void)ops::cumsum(none, 0); },
           [&] { (void)ops::slice(none, 0, 0); }, [&] { (void)ops::topk(none, 1); },
           [&] { (void)ops::argmin(none, 0); }, [&] { (void)ops::matmul(none, x); },
           [&] { (void)(none + 1); }, [&] { (void)(1 / none); }, [&] { (void)(-none); },
           [&] { (void)(none > 1); }})
    CHECK_THROWS_AS(use(), ShapeError);
}

TEST_CASE("arrays: a back end without these kernels says so") {
  const Variable<double> x(Tensor<double>::zeros({2, 3}, test::other_device()));
  CHECK_THROWS_WITH_AS(
      (void)ops::exp(x),
      "exp: the back end other does not have it; compute it on the CPU, with to(Device::cpu())", DeviceError);
  CHECK_THROWS_AS((void)ops::elementwise(
                      "f", x, [](double v) { return v; }, [](double) { return 1.0; }),
                  DeviceError);
  refused("add", "another device", [&] { (void)(x + Variable<double>(Tensor<double>::zeros({3}))); });
}
