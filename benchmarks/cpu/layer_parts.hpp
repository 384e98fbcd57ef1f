// SPDX-License-Identifier: MIT
#pragma once
// A bare LSTM layer with as many inputs as units: forward alone, and with its gradients, that of the input
// too.

#include "model.hpp"
#include "side.hpp"

#include <memory>
#include <random>
#include <string>

namespace side {

class LayerCase {
 public:
  LayerCase(workload::LayerSizes sizes, const std::vector<std::int32_t>& lengths, std::string kind)
      : name_("/" + kind + "/" + sizes.name()),
        layer_({.input_size = sizes.hidden, .hidden_size = sizes.hidden}) {
    const auto segments =
        std::make_shared<const Segments>(std::vector<Index>(lengths.begin(), lengths.end()));
    input_ = {numbers(segments->rows(), sizes.hidden), segments};
  }

  void forward() const {
    const Inference scope;
    layer_(input_.with(Variable<float>(input_.rows)));
  }
  void forward_backward() {
    optimizer_.zero_grad();
    const Variable<float> x(input_.rows, true);
    ops::sum(layer_(input_.with(x)).hidden.rows).backward();
  }
  void measure(double budget) {
    const auto one = [&](const char* what, auto&& work) {
      work();
      report({std::string("layer/") + what + name_, "fp32", cpu::threads(),
              median(repeated(budget, 5, work)) * 1e3, "ms"});
    };
    one("forward", [&] { forward(); });
    one("forward+backward", [&] { forward_backward(); });
  }

 private:
  static Tensor<float> numbers(Index rows, Index columns) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    for (float& value : values) value = normal(random);
    return Tensor<float>::from(values, {rows, columns});
  }

  std::string name_;
  nn::Lstm<float> layer_;
  optim::Sgd optimizer_{layer_};  // holds the gradients; makes no step
  Ragged<Tensor<float>> input_;
};

/// Sequences of equal lengths, and (for batches) of lengths spread from all steps down to an eighth of them.
inline int layer_part(bool quick) {
  const double budget = quick ? 0.01 : 0.3;
  std::vector<std::unique_ptr<LayerCase>> cases;
  for (const auto& sizes : workload::layer_sizes(quick)) {
    const std::vector<std::int32_t> equal(static_cast<std::size_t>(sizes.batch), sizes.steps);
    cases.push_back(std::make_unique<LayerCase>(sizes, equal, "equal lengths"));
    if (sizes.batch > 1)
      cases.push_back(std::make_unique<LayerCase>(sizes, workload::spread_lengths(sizes), "spread lengths"));
  }
  return serve_rounds([&] {
    for (const auto& one : cases) one->measure(budget);
  });
}

}  // namespace side
