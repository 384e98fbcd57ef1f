// SPDX-License-Identifier: MIT
#pragma once
// A bare LSTM layer with as many inputs as units: forward alone, and with its gradients, that of the input
// too.

#include "model.hpp"
#include "side.hpp"

#include <lstmlib/lstmlib.hpp>
#include <lstmlib/nn/inference.hpp>

#include <memory>
#include <random>
#include <string>

namespace side {

class LayerCase {
 public:
  LayerCase(workload::LayerSizes sizes, const std::vector<std::int32_t>& lengths, std::string kind)
      : name_("/" + kind + "/" + sizes.name()),
        layer_({.input_size = sizes.hidden, .hidden_size = sizes.hidden}) {
    const auto layout =
        std::make_shared<const SequenceLayout>(std::vector<Index>(lengths.begin(), lengths.end()));
    input_ = {numbers(layout->rows(), sizes.hidden), layout};
    hidden_.resize(static_cast<std::size_t>(layout->rows() * sizes.hidden));
    inference_ = std::make_unique<nn::InferenceRnn>(layer_);
  }

  void forward() const {
    const Inference scope;
    [[maybe_unused]] const auto output = layer_(input_.with(Variable<float>(input_.values)));
  }
  void forward_backward() {
    optimizer_.zero_grad();
    const Variable<float> x(input_.values, true);
    ops::sum(layer_(input_.with(x)).hidden.values).backward();
  }
  /// Forward alone in both ways, and with gradients.
  void measure(double budget) {
    measure_one("forward", "fp32", budget, [&] { forward(); });
    measure_one("forward", "fp32, inference", budget, [&] { inference_->hidden(input_, hidden_); });
    measure_one("forward+backward", "fp32", budget, [&] { forward_backward(); });
  }

 private:
  template <class F>
  void measure_one(const char* what, const char* variant, double budget, F&& work) {
    if (const double first = seconds_of(work);
        first < budget)  // else it is long enough, and caches are no matter
      report_ms(what, variant, median(repeated(budget, 3, work)));
    else report_ms(what, variant, first);
  }
  void report_ms(const char* what, const char* variant, double seconds) const {
    report({std::string("layer/") + what + name_, variant, cpu::threads(), seconds * 1e3, "ms"});
  }
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
  std::unique_ptr<nn::InferenceRnn> inference_;
  std::vector<float> hidden_;  // of the packed layer
};

/// Sequences of equal lengths, and (for batches) of lengths spread from all steps down to an eighth of them.
inline int layer_part(const std::vector<workload::LayerSizes>& all, double budget) {
  std::vector<std::unique_ptr<LayerCase>> cases;
  for (const auto& sizes : all) {
    const std::vector<std::int32_t> equal(static_cast<std::size_t>(sizes.batch), sizes.steps);
    cases.push_back(std::make_unique<LayerCase>(sizes, equal, "equal lengths"));
    if (sizes.batch > 1)
      cases.push_back(std::make_unique<LayerCase>(sizes, workload::spread_lengths(sizes), "spread lengths"));
  }
  for (const auto& one : cases) one->forward_backward();
  return serve_rounds([&] {
    for (const auto& one : cases) one->measure(budget);
  });
}

}  // namespace side
