// SPDX-License-Identifier: MIT
// Arithmetic with broadcasting, elementwise functions, and operations that move and reduce, on the CUDA part
// against the CPU.
#include "backends.hpp"

#include "lstmlib/ops/layer_norm.hpp"

#include <functional>

using namespace lstmlib;
using test::check_on_both;

namespace {
template <Real T>
using ArrayInputs = std::vector<Variable<T>>;
template <Real T>
using ArrayOperation = Variable<T> (*)(const ArrayInputs<T>&);
}  // namespace

TEST_CASE_TEMPLATE("cuda: elementwise functions", T, float, double) {
  using In = const ArrayInputs<T>&;
  const std::vector<ArrayOperation<T>> functions = {
      [](In in) { return ops::exp(in[0]); },
      [](In in) { return ops::expm1(in[0]); },
      [](In in) { return ops::log(in[0] + 2); },
      [](In in) { return ops::log1p(in[0] + 1.5); },
      [](In in) { return ops::sqrt(in[0] + 2); },
      [](In in) { return ops::square(in[0]); },
      [](In in) { return ops::pow(in[0] + 2, 2.7); },
      [](In in) { return ops::abs(in[0]); },
      [](In in) { return ops::sign(in[0]) * in[0]; },
      [](In in) { return ops::clamp(in[0], T(-0.5), T(0.5)); },
      [](In in) { return ops::softplus(in[0]); },
      [](In in) { return ops::log_sigmoid(in[0]); },
      [](In in) { return ops::silu(in[0]); },
      [](In in) { return ops::gelu(in[0]); },
      [](In in) { return ops::leaky_relu(in[0]); },
      [](In in) { return ops::elu(in[0]); },
      [](In in) { return ops::erf(in[0]); },
      [](In in) { return ops::sin(in[0]) + ops::cos(in[0]); },
      [](In in) { return 2 / (in[0] + 3); },
      [](In in) { return ops::where(in[0] > 0, in[0], 0.5); },
  };
  for (std::size_t i = 0; i < functions.size(); ++i) {
    CAPTURE(i);
    for (const Shape& shape : {Shape{0, 3}, Shape{3, 31}, Shape{2, 700}})
      check_on_both<T>("function", {shape}, functions[i], 16);
  }
}

TEST_CASE_TEMPLATE("cuda: broadcasting", T, float, double) {
  using In = const ArrayInputs<T>&;
  const std::vector<ArrayOperation<T>> functions = {
      [](In in) { return in[0] + in[1]; },
      [](In in) { return in[0] - in[1]; },
      [](In in) { return in[0] * in[1]; },
      [](In in) { return in[0] / (in[1] + 2); },
      [](In in) { return ops::pow(in[0] + 2, in[1]); },
      [](In in) { return ops::minimum(in[0], in[1]); },
      [](In in) { return ops::maximum(in[0], in[1]); },
      [](In in) { return ops::where(in[0] <= in[1], in[0], in[1] * 2); },
      [](In in) { return ops::where(ops::equal(in[0], in[1]), in[0], in[1]); },
  };
  const std::vector<std::pair<Shape, Shape>> pairs = {
      {{7, 33}, {33}}, {{7, 1}, {1, 33}}, {{}, {3, 5}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 3, 1}, {1, 4, 1, 5}},
      {{5, 6}, {5, 6}}};
  for (const auto& pair : pairs)
    for (std::size_t i = 0; i < functions.size(); ++i) {
      const auto &a = pair.first, &b = pair.second;
      CAPTURE(i);
      CAPTURE(to_string(a));
      check_on_both<T>("function", {a, b}, functions[i], 64);
    }
}

TEST_CASE_TEMPLATE("cuda: moving, choosing and reducing", T, float, double) {
  using In = const ArrayInputs<T>&;
  const std::vector<std::function<Variable<T>(In)>> functions = {
      [](In in) {
        return ops::permute(in[0], {2, 0, 1});
      },
      [](In in) { return ops::slice(in[0], 1, 1, 3); },
      [](In in) { return ops::select(in[0], 2, 1); },
      [](In in) {
        return ops::concat<T>({in[0], in[0] * 2}, 1);
      },
      [](In in) {
        return ops::stack<T>({in[0], in[0] * 2}, 1);
      },
      [](In in) { return ops::broadcast_to(ops::slice(in[0], 1, 0, 1), in[0].shape()); },
      [](In in) {
        return ops::index_select(in[0], 1, ops::Indices::from({2, 0, 2}, {3}, in[0].device()));
      },
      [](In in) { return ops::topk(in[0], 3, 1).values; },
      [](In in) { return ops::topk(in[0], 2, 2, {.smallest = true}).values; },
      [](In in) { return ops::gather(in[0], 1, ops::argmax(in[0], 1, {.keepdim = true})); },
      [](In in) { return ops::gather(in[0], 2, ops::argmin(in[0], 2, {.keepdim = true})); },
      [](In in) {
        return ops::sum(in[0], {0, 2});
      },
      [](In in) { return ops::min(in[0], 1); },
      [](In in) { return ops::min(in[0]); },
      [](In in) { return ops::variance(in[0], 1); },
      [](In in) { return ops::standard_deviation(in[0], 2); },
      [](In in) { return ops::norm(in[0]); },
      [](In in) { return ops::norm(in[0], 1, {.order = 1}); },
      [](In in) { return ops::logsumexp(in[0], 1); },
      [](In in) { return ops::logsumexp(in[0], 2); },
      [](In in) { return ops::cumsum(in[0], 1); },
      [](In in) { return ops::cumsum(in[0], 2); },
      [](In in) { return ops::matmul(in[0], ops::transpose(in[0], 1, 2)); },
  };
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{1, 200, 3}, Shape{2, 3, 1500}})
    for (std::size_t i = 0; i < functions.size(); ++i) {
      CAPTURE(i);
      check_on_both<T>("function", {shape}, functions[i], 300);
    }
  // Few long lines, which are cut into pieces.
  check_on_both<T>(
      "long norm", {{9001}}, [](In in) { return ops::norm(in[0]); }, 64);
  check_on_both<T>(
      "long minimum", {{9001}}, [](In in) { return ops::min(in[0]); }, 0);
}

TEST_CASE_TEMPLATE("cuda: layer normalisation", T, float, double) {
  using In = const ArrayInputs<T>&;
  for (const Shape& shape : {Shape{0, 3}, Shape{5, 1}, Shape{3, 31}, Shape{70, 64}, Shape{2, 3, 1500}}) {
    const Shape row{shape[shape.rank() - 1]};
    check_on_both<T>(
        "layer_norm", {shape, row, row}, [](In in) { return ops::layer_norm(in[0], in[1], in[2]); }, 300);
    check_on_both<T>(
        "without gain and bias", {shape}, [](In in) { return ops::layer_norm(in[0]); }, 300);
    check_on_both<T>(
        "with a gain", {shape, row}, [](In in) { return ops::layer_norm(in[0], in[1], {}, 0.1); }, 300);
  }
}

TEST_CASE("cuda: an id outside the axis is an error when the device is waited for") {
  const Variable<float> x(Tensor<float>::zeros({2, 3}, test::gpu()));
  const auto chosen = ops::index_select(x, 1, ops::Indices::from({0, 3}, {2}, test::gpu()));
  CHECK_THROWS_WITH_AS((void)message(chosen), "index_select or gather: id 3, expected 0 to 2", IndexError);
}
