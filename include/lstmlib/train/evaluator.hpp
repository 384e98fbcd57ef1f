// SPDX-License-Identifier: MIT
#pragma once
// Evaluation on validation or test data during a run.

#include "lstmlib/autograd/mode.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Runs the objective on a batch, in any form that StandardUpdater takes. Returns what it observed and its
/// value as "loss".
template <class Model, class Objective, class Batch>
Observation observe(Model& model, Objective& objective, const Batch& batch) {
  Observation seen;
  seen["loss"] = 0;  // reserve the first position in the report
  const detail::Loss loss(detail::call_objective(model, objective, batch, seen));
  loss.observe(seen);
  seen.resolve();
  return seen;
}
/// The same for an objective that does not take the model.
template <class Objective, class Batch>
Observation observe(Objective& objective, const Batch& batch) {
  detail::NoModel none;
  return observe(none, objective, batch);
}

/// Runs the objective in inference mode over one epoch of `batches`, an iterator that does not repeat. Adds
/// the means over the batches to the observation, as "validation/main/loss" and so on. Values observed with
/// weights get a weighted mean: with the batch's number of sentences as weight, it is the mean over
/// sentences.
template <class Iterator, class Objective, class Model = detail::NoModel>
class Evaluator {
 public:
  Evaluator(Iterator& batches, Objective& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), objective_(&objective) {}
  Evaluator(Iterator& batches, Objective&& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), own_objective_(std::move(objective)) {}
  Evaluator(Iterator& batches, Model& model, Objective& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), objective_(&objective), model_(&model) {}
  Evaluator(Iterator& batches, Model& model, Objective&& objective, std::string its_name)
      : name(std::move(its_name)), batches_(&batches), own_objective_(std::move(objective)), model_(&model) {}

  Trigger default_trigger() const { return epochs(1); }
  void operator()(Trainer& trainer) { add_prefixed(trainer.observation(), name + "/main/", evaluate()); }
  /// The means, without the prefix.
  Observation evaluate() {
    const Inference inference;
    Summary summary;
    Objective& objective = objective_ ? *objective_ : *own_objective_;
    for (batches_->reset(); !batches_->done();) {
      if constexpr (std::same_as<Model, detail::NoModel>) summary.add(observe(objective, batches_->next()));
      else summary.add(observe(*model_, objective, batches_->next()));
    }
    return summary.means();
  }

  std::string name;
  int priority = priority::writer;

 private:
  Iterator* batches_;
  Objective* objective_ = nullptr;
  std::optional<std::remove_const_t<Objective>> own_objective_;
  Model* model_ = nullptr;
};

/// Keeps references to its arguments; an objective that is a temporary is moved into the extension. The second
/// evaluator of a name observes "validation_1/main/...".
///
///     trainer.extend(train::evaluator(validation_batches, objective));
template <class Iterator, class Objective>
Extension evaluator(Iterator& batches, Objective&& objective, std::string name = "validation") {
  return Evaluator<Iterator, std::remove_reference_t<Objective>>(batches, std::forward<Objective>(objective),
                                                                 std::move(name));
}
/// For an objective that takes the model.
///
///     trainer.extend(train::evaluator(validation_batches, model, loss));
template <class Iterator, std::derived_from<nn::Module> Model, class Objective>
requires(!std::convertible_to<Objective, std::string>) Extension
    evaluator(Iterator& batches, Model& model, Objective&& objective, std::string name = "validation") {
  using Stored = std::remove_reference_t<Objective>;
  return Evaluator<Iterator, Stored, Model>(batches, model, std::forward<Objective>(objective),
                                            std::move(name));
}

}  // namespace lstmlib::train
