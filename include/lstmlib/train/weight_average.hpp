// SPDX-License-Identifier: MIT
#pragma once
// Averages of weights in a run: taken after updates, used by other extensions.

#include "lstmlib/optim/weight_average.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Takes the weights into an average, and saves it with the run.
class WeightAverageExtension {
 public:
  explicit WeightAverageExtension(optim::WeightAverage& average) : average_(&average) {}

  void operator()(Trainer&) { average_->update(); }
  void serialize(io::Serializer& serializer) { average_->serialize(serializer); }

  std::string name = "WeightAverage";
  int priority = priority::writer + 1;  // before evaluators

 private:
  optim::WeightAverage* average_;
};

/// Takes the model's weights into `average` after each iteration, or when a trigger fires. `average` must
/// outlive the trainer.
///
///     optim::Ema ema(model);
///     trainer.extend(train::weight_average(ema));
///     trainer.extend(train::with_average(ema, train::evaluator(checks, objective)));
inline Extension weight_average(optim::WeightAverage& average) { return WeightAverageExtension(average); }

/// Runs another extension while the model has the averages.
class WithAverage {
 public:
  WithAverage(optim::WeightAverage& average, Extension extension)
      : name(extension.name()),
        priority(extension.priority()),
        average_(&average),
        extension_(std::move(extension)) {}

  Trigger default_trigger() const { return extension_.default_trigger(); }
  void initialize(Trainer& trainer) { extension_.initialize(trainer); }
  void operator()(Trainer& trainer) {
    if (extension_.name() != name) extension_.rename(name);  // the trainer may have changed it
    const optim::AveragedWeights scope(*average_);
    extension_(trainer);
  }
  std::filesystem::path interrupted(Trainer& trainer) { return extension_.interrupted(trainer); }
  void finalize() { extension_.finalize(); }
  void serialize(io::Serializer& serializer) { extension_.serialize(serializer); }

  std::string name;
  int priority;

 private:
  optim::WeightAverage* average_;
  Extension extension_;
};

/// Runs `extension`, such as an evaluator or snapshot_object, while the model has the averages of `average`.
/// Before the first average the model has its own weights.
inline Extension with_average(optim::WeightAverage& average, Extension extension) {
  return WithAverage(average, std::move(extension));
}

}  // namespace lstmlib::inline LSTMLIB_ABI::train
