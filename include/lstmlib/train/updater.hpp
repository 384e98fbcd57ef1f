// SPDX-License-Identifier: MIT
#pragma once
// What an iteration of training is: the interface, and the usual kind of it.

#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/tensor/random.hpp"
#include "lstmlib/train/observation.hpp"

#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::train {

class Updater {
 public:
  virtual ~Updater() = default;
  /// One update of the parameters; what was seen of it.
  virtual Observation update() = 0;
  virtual Index iteration() const = 0;               ///< updates done
  virtual Index epoch() const = 0;                   ///< epochs finished
  virtual double epoch_detail() const = 0;           ///< with the fraction of the one under way
  virtual double previous_epoch_detail() const = 0;  ///< before the last update; -1: there was none
  virtual void serialize(io::Serializer&) = 0;
  /// Whether this process writes the run's files and reports; where several train together, one does.
  virtual bool is_main_process() const { return true; }
  /// The signal that ends the run, or 0: the one that this process received; where several train together,
  /// one that all know of.
  virtual int stop_signal(int received) const { return received; }
};

/// What updaters have in common that take batches: counts, and how they are saved. Refers to its parts.
template <class Iterator>
class BatchUpdater : public Updater {
 public:
  Index iteration() const override { return iteration_; }
  Index epoch() const override { return batches_->epoch(); }
  double epoch_detail() const override { return batches_->epoch_detail(); }
  double previous_epoch_detail() const override { return batches_->previous_epoch_detail(); }

  void serialize(io::Serializer& serializer) override {
    serializer.child("iterator:main", *batches_);
    serializer.child("optimizer:main", *optimizer_);
    Index epochs_of_optimizer = epoch();  // the reference's optimizer counts them too
    serializer.value("optimizer:main/epoch", epochs_of_optimizer);
    serializer.child("model:main", *model_);
    serializer.value("iteration", iteration_);
    if (serializer.loading() && iteration_ < 0) fail<FormatError>("updater: iteration ", iteration_);
  }

 protected:
  BatchUpdater(Iterator& batches, nn::Module& model, optim::Optimizer& optimizer)
      : batches_(&batches), model_(&model), optimizer_(&optimizer) {}
  Iterator& batches() { return *batches_; }
  optim::Optimizer& optimizer() { return *optimizer_; }
  void begin() { begin_step(static_cast<std::uint64_t>(iteration_)); }
  void end() { ++iteration_; }

 private:
  Iterator* batches_;
  nn::Module* model_;
  optim::Optimizer* optimizer_;
  Index iteration_ = 0;
};

/// A batch, the objective, backward, a step of the optimizer, as one graph for the device. Refers to
/// its parts. `objective(batch, observation)` returns the loss, a scalar Variable, and may observe more; all
/// of it gets the prefix "main/". It must not wait for the device: what it observes from there it puts off,
/// see Observation::defer.
template <class Iterator, class Objective>
class StandardUpdater final : public BatchUpdater<Iterator> {
 public:
  /// `optimizer` is one of the parameters of `model`.
  StandardUpdater(Iterator& batches, nn::Module& model, optim::Optimizer& optimizer, Objective& objective)
      : BatchUpdater<Iterator>(batches, model, optimizer), objective_(&objective) {}

  Observation update() override {
    this->begin();
    Observation seen;
    seen["loss"] = 0;  // the first of the report
    const auto batch = this->batches().next();
    std::invoke_result_t<Objective&, decltype(batch)&, Observation&> loss;
    optim::Optimizer& optimizer = this->optimizer();
    const Device device = optimizer.device();
    device.backend().run_as_graph(device.number(), [&] {
      optimizer.zero_grad();
      loss = (*objective_)(batch, seen);
      loss.backward();
      optimizer.step();
    });
    seen["loss"] = static_cast<double>(loss.item());
    seen.resolve();
    this->end();
    Observation result;
    add_prefixed(result, "main/", seen);
    return result;
  }

 private:
  Objective* objective_;
};

}  // namespace lstmlib::train
