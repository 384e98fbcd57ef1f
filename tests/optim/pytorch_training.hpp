// SPDX-License-Identifier: MIT
#pragma once
// What PyTorch's schedulers, averages and groups gave: tests/fixtures/make_pytorch_training_fixtures.py.

#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"
#include "support.hpp"

namespace lstmlib::test {

inline std::vector<double> pytorch_numbers(const std::string& name) {
  static const io::Archive all = io::read_npz(fixtures() / "pytorch_training.npz");
  return all.at(name).as_numbers<double>();
}
inline void check_near(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-10));
  }
}

/// The model of the fixtures' runs, with its first weights.
struct PytorchRun final : nn::Module {
  explicit PytorchRun(std::string its_name) : name(std::move(its_name)) {
    for (std::size_t k = 0; k < 4; ++k) *all()[k] = nn::Parameter<double>(tensor(k, "/", 0));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("body/W", body_weight)("body/b", body_bias)("head/W", head_weight)("head/b", head_bias);
  }
  /// Makes the steps and compares all weights after each.
  void check(optim::Optimizer& optimizer) {
    for (int step = 1; step <= 5; ++step) {
      CAPTURE(step);
      for (std::size_t k = 0; k < 4; ++k)
        if (!all()[k]->is_frozen()) all()[k]->mutable_grad() = tensor(k, "/g_", step);
      optimizer.step();
      for (std::size_t k = 0; k < 4; ++k) {
        const auto values = all()[k]->value().values();
        check_near({values.begin(), values.end()}, numbers(k, "/", step));
      }
    }
  }
  std::array<nn::Parameter<double>*, 4> all() { return {&body_weight, &body_bias, &head_weight, &head_bias}; }

  std::string name;
  nn::Parameter<double> body_weight, body_bias, head_weight, head_bias;

 private:
  std::vector<double> numbers(std::size_t k, const char* kind, int step) const {
    static constexpr const char* names[] = {"body_weight", "body_bias", "head_weight", "head_bias"};
    return pytorch_numbers(name + kind + names[k] + std::to_string(step));
  }
  Tensor<double> tensor(std::size_t k, const char* kind, int step) const {
    static const Shape shapes[] = {{3, 2}, {3}, {1, 3}, {1}};
    return Tensor<double>::from(numbers(k, kind, step), shapes[k]);
  }
};

}  // namespace lstmlib::test
