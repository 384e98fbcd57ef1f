// SPDX-License-Identifier: MIT
#pragma once
// Evaluation on validation or test data during a run.

#include "lstmlib/autograd/mode.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Runs the objective on a batch. Returns what it observed and its value as "loss".
template <class Objective, class Batch>
Observation observe(Objective& objective, const Batch& batch) {
  Observation seen;
  seen["loss"] = 0;  // reserve the first position in the report
  seen["loss"] = static_cast<double>(objective(batch, seen).item());
  seen.resolve();
  return seen;
}

/// Runs the objective in inference mode over one epoch of `batches`, an iterator that does not repeat. Adds
/// the means over the batches to the observation, as "validation/main/loss" and so on. Values observed with
/// weights get a weighted mean: with the batch's number of sentences as weight, it is the mean over
/// sentences.
template <class Iterator, class Objective>
class Evaluator {
 public:
  Evaluator(Iterator& batches, Objective& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), objective_(&objective) {}

  Trigger default_trigger() const { return epochs(1); }
  void operator()(Trainer& trainer) { add_prefixed(trainer.observation(), name + "/main/", evaluate()); }
  /// The means, without the prefix.
  Observation evaluate() {
    const Inference inference;
    Summary summary;
    for (batches_->reset(); !batches_->done();) summary.add(observe(*objective_, batches_->next()));
    return summary.means();
  }

  std::string name;
  int priority = priority::writer;

 private:
  Iterator* batches_;
  Objective* objective_;
};

/// Keeps references to its arguments. The second evaluator of a name observes "validation_1/main/...".
///
///     trainer.extend(train::evaluator(validation_batches, objective));
template <class Iterator, class Objective>
Extension evaluator(Iterator& batches, Objective& objective, std::string name = "validation") {
  return Evaluator<Iterator, Objective>(batches, objective, std::move(name));
}

}  // namespace lstmlib::train
