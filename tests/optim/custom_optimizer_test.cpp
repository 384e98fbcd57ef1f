// SPDX-License-Identifier: MIT
// Optimizers of a user's own: Adamax as a rule for numbers and as one for tensors, against PyTorch's.
#include "lstmlib/optim/custom_optimizer.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "pytorch_training.hpp"

#include <cmath>

using namespace lstmlib;

namespace {

struct AdamaxOptions {
  double learning_rate = 2e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  static constexpr std::string_view states[] = {"m", "u"};
};
struct Adamax : AdamaxOptions {
  Adamax at_step(Index step) const {  // the bias correction, once a step
    Adamax corrected = *this;
    corrected.learning_rate /= 1 - std::pow(beta1, static_cast<double>(step));
    return corrected;
  }
  template <class T>
  void operator()(T& p, T g, T& m, T& u) const {
    m += static_cast<T>(1 - beta1) * (g - m);
    u = std::max(static_cast<T>(beta2) * u, std::abs(g) + static_cast<T>(epsilon));
    p -= static_cast<T>(learning_rate) * m / u;
  }
};
/// The same for whole tensors.
struct TensorAdamax : Adamax {
  TensorAdamax at_step(Index step) const { return {Adamax::at_step(step)}; }
  template <Real T>
  void operator()(Tensor<T>& p, const Tensor<T>& g, std::span<Tensor<T>> s) const {
    const auto values = p.mutable_values(), m = s[0].mutable_values(), u = s[1].mutable_values();
    for (std::size_t i = 0; i < values.size(); ++i) Adamax::operator()(values[i], g.values()[i], m[i], u[i]);
  }
};
const AdamaxOptions of_fixtures{.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.9};

}  // namespace

TEST_CASE("an optimizer of one's own follows PyTorch's, by numbers and by tensors") {
  const auto check = [](auto rule) {
    test::PytorchRun run("adamax");
    optim::CustomOptimizer optimizer(run, rule);
    optimizer.add_hook(optim::ClipGradNorm{0.7});
    run.check(optimizer);
    CHECK(io::to_archive(optimizer).find("head/W/u"));
  };
  check(Adamax{of_fixtures});
  check(TensorAdamax{{of_fixtures}});
}
