// SPDX-License-Identifier: MIT
#pragma once
// Evaluation by several processes: of n processes, each takes every n-th batch.

#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/distributed/communicator.hpp"
#include "lstmlib/train/evaluator.hpp"

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// Like train::Evaluator: all processes get the means over the same batches.
template <class Iterator, class Objective>
class Evaluator {
 public:
  Evaluator(Communicator& all, Iterator& batches, Objective& objective, std::string its_name)
      : name(std::move(its_name)), all_(&all), batches_(&batches), objective_(&objective) {}

  train::Trigger default_trigger() const { return train::epochs(1); }
  void operator()(train::Trainer& trainer) {
    train::add_prefixed(trainer.observation(), name + "/main/", evaluate());
  }
  /// The means, without the prefix. Collective.
  train::Observation evaluate() {
    train::Summary mine;
    {
      const Inference inference;
      int number = 0;
      for (batches_->reset(); !batches_->done(); ++number) {
        if (number % all_->size() == all_->rank()) mine.add(train::observe(*objective_, batches_->next()));
        else batches_->skip();
      }
    }
    train::Summary total;
    for (const auto& bytes : all_->all_gather(io::format_npz(io::to_archive(mine), io::Compression::store))) {
      train::Summary part;
      io::from_archive(io::parse_npz(bytes, "evaluation"), part);
      total.add(part);
    }
    return total.means();
  }

  std::string name;
  int priority = train::priority::writer;

 private:
  Communicator* all_;
  Iterator* batches_;
  Objective* objective_;
};

/// Replaces train::evaluator. Keeps references to its arguments.
///
///     trainer.extend(distributed::evaluator(all, validation_batches, objective));
template <class Iterator, class Objective>
train::Extension evaluator(Communicator& all, Iterator& batches, Objective& objective,
                           std::string name = "validation") {
  return Evaluator<Iterator, Objective>(all, batches, objective, std::move(name));
}

}  // namespace lstmlib::distributed
