// SPDX-License-Identifier: MIT
#pragma once
// Evaluation on other data than is trained on.

#include "lstmlib/autograd/mode.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// What the objective says of a batch, its value as "loss".
template <class Objective, class Batch>
Observation observe(Objective& objective, const Batch& batch) {
  Observation seen;
  seen["loss"] = 0;  // the first of the report
  seen["loss"] = static_cast<double>(objective(batch, seen).item());
  seen.resolve();
  return seen;
}

/// Runs the objective in Inference over one epoch of `batches` (an iterator that does not repeat), and
/// observes the means over the batches as "validation/main/loss" and the like. A value observed with weights
/// gets its weighted mean, so that one with the sentences of a batch as weight is the mean over sentences.
template <class Iterator, class Objective>
class Evaluator {
 public:
  Evaluator(Iterator& batches, Objective& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), objective_(&objective) {}

  Trigger default_trigger() const { return epochs(1); }
  void operator()(Trainer& trainer) { add_prefixed(trainer.observation(), name + "/main/", evaluate()); }
  /// The means, without a prefix.
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

/// Refers to its parts. As the second of its name it observes "validation_1/main/...".
template <class Iterator, class Objective>
Extension evaluator(Iterator& batches, Objective& objective, std::string name = "validation") {
  return Evaluator<Iterator, Objective>(batches, objective, std::move(name));
}

}  // namespace lstmlib::train
