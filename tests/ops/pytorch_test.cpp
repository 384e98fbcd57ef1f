// SPDX-License-Identifier: MIT
// Values and gradients of operations against PyTorch's: fixtures/make_operation_fixtures.py.
#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"

#include "support.hpp"

#include <cmath>
#include <functional>
#include <map>

using namespace lstmlib;

namespace {

class OperationFixtures {
 public:
  bool has(const std::string& name) const { return arrays_.find(name) != nullptr; }
  template <Element T>
  Tensor<T> tensor(const std::string& name) const {
    const io::Array& array = arrays_.at(name);
    return Tensor<T>::from(array.template as_numbers<T>(), Shape(std::span<const Index>(array.shape)));
  }
  template <Real T>
  void check(const std::string& name, const Tensor<T>& ours) const {
    CAPTURE(name);
    const auto theirs = tensor<double>(name);
    REQUIRE(ours.shape() == theirs.shape());
    const double tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-12;
    for (std::size_t i = 0; i < theirs.values().size(); ++i) {
      CAPTURE(i);
      const double a = static_cast<double>(ours.values()[i]), b = theirs.values()[i];
      CHECK((a == b || std::abs(a - b) <= tolerance * (1 + std::abs(b))));
    }
  }

 private:
  io::Archive arrays_ = io::read_npz(test::fixtures() / "operations.npz");
};

template <Real T>
using Operation = std::function<Variable<T>(const std::vector<Variable<T>>&)>;
ops::Indices ids_of(const std::vector<std::int32_t>& values, const Shape& shape) {
  return ops::Indices::from(values, shape);
}

template <Real T>
std::map<std::string, Operation<T>> operations() {
  using In = const std::vector<Variable<T>>&;
  return {
      {"exp", [](In in) { return ops::exp(in[0]); }},
      {"expm1", [](In in) { return ops::expm1(in[0]); }},
      {"log", [](In in) { return ops::log(in[0]); }},
      {"log1p", [](In in) { return ops::log1p(in[0]); }},
      {"sqrt", [](In in) { return ops::sqrt(in[0]); }},
      {"square", [](In in) { return ops::square(in[0]); }},
      {"pow", [](In in) { return ops::pow(in[0], 2.5); }},
      {"pow_tensor", [](In in) { return ops::pow(in[0], in[1]); }},
      {"abs", [](In in) { return ops::abs(in[0]); }},
      {"clamp", [](In in) { return ops::clamp(in[0], -1, 1); }},
      {"softplus", [](In in) { return ops::softplus(in[0]); }},
      {"log_sigmoid", [](In in) { return ops::log_sigmoid(in[0]); }},
      {"silu", [](In in) { return ops::silu(in[0]); }},
      {"gelu", [](In in) { return ops::gelu(in[0]); }},
      {"leaky_relu", [](In in) { return ops::leaky_relu(in[0], T(0.2)); }},
      {"elu", [](In in) { return ops::elu(in[0], T(1.5)); }},
      {"erf", [](In in) { return ops::erf(in[0]); }},
      {"minimum", [](In in) { return ops::minimum(in[0], in[1]); }},
      {"maximum", [](In in) { return ops::maximum(in[0], in[1]); }},
      {"add", [](In in) { return in[0] + in[1]; }},
      {"subtract", [](In in) { return in[0] - in[1]; }},
      {"multiply", [](In in) { return in[0] * in[1]; }},
      {"divide", [](In in) { return in[0] / in[1]; }},
      {"where", [](In in) { return ops::where(in[0] > 0, in[0], in[1]); }},
      {"slice", [](In in) { return ops::slice(in[0], 1, 1, 3); }},
      {"permute",
       [](In in) {
         return ops::permute(in[0], {2, 0, 1});
       }},
      {"stack",
       [](In in) {
         return ops::stack<T>({in[0], in[1]}, 1);
       }},
      {"concat",
       [](In in) {
         return ops::concat<T>({in[0], in[1]}, 1);
       }},
      {"matmul", [](In in) { return ops::matmul(in[0], in[1]); }},
      {"matmul_shared", [](In in) { return ops::matmul(in[0], in[1]); }},
      {"sum_axes",
       [](In in) {
         return ops::sum(in[0], {0, 2});
       }},
      {"mean_keepdim", [](In in) { return ops::mean(in[0], 1, {.keepdim = true}); }},
      {"amin", [](In in) { return ops::min(in[0], 1); }},
      {"var", [](In in) { return ops::variance(in[0], 1); }},
      {"var_all", [](In in) { return ops::variance(in[0], {}, {.correction = 0}); }},
      {"std",
       [](In in) {
         return ops::standard_deviation(in[0], {0, 2});
       }},
      {"norm", [](In in) { return ops::norm(in[0], 1); }},
      {"norm1", [](In in) { return ops::norm(in[0], 0, {.order = 1}); }},
      {"logsumexp", [](In in) { return ops::logsumexp(in[0], 1); }},
      {"cumsum", [](In in) { return ops::cumsum(in[0], 1); }},
      {"topk", [](In in) { return ops::topk(in[0], 2, 1).values; }},
      {"topk_smallest", [](In in) { return ops::topk(in[0], 3, 0, {.smallest = true}).values; }},
      {"index_select",
       [](In in) {
         return ops::index_select(in[0], 1, ids_of({2, 0, 2}, {3}));
       }},
      {"gather",
       [](In in) {
         return ops::gather(in[0], 1, ids_of({0, 2, 1, 1}, {2, 2}));
       }},
  };
}

}  // namespace

TEST_CASE_TEMPLATE("pytorch: values and gradients of operations", T, float, double) {
  const OperationFixtures fixtures;
  for (const auto& one : operations<T>()) {
    const auto& name = one.first;
    const auto& operation = one.second;
    CAPTURE(name);
    std::vector<Variable<T>> inputs;
    for (int i = 0; fixtures.has(name + ".x" + std::to_string(i)); ++i)
      inputs.emplace_back(fixtures.tensor<T>(name + ".x" + std::to_string(i)), true);
    REQUIRE(!inputs.empty());
    const Variable<T> y = operation(inputs);
    fixtures.check(name + ".y", y.value());
    y.backward(fixtures.tensor<T>(name + ".gy"));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      fixtures.check(name + ".g" + std::to_string(i), inputs[i].grad());
  }
}

TEST_CASE_TEMPLATE("pytorch: indices", T, float, double) {
  const OperationFixtures fixtures;
  const auto check = [&](const std::string& name, const ops::Indices& ours) {
    const auto theirs = fixtures.tensor<std::int32_t>(name + ".y");
    CHECK(ours.shape() == theirs.shape());
    CHECK(std::equal(theirs.values().begin(), theirs.values().end(), ours.values().begin(),
                     ours.values().end()));
  };
  check("argmax", ops::argmax(Variable<T>(fixtures.tensor<T>("argmax.x0")), 1));
  check("argmin", ops::argmin(Variable<T>(fixtures.tensor<T>("argmin.x0")), -1));
}
