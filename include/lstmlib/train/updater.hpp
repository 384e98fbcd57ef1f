// SPDX-License-Identifier: MIT
#pragma once
// Updaters: what one iteration of training does. The interface and the standard implementation.

#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/tensor/random.hpp"
#include "lstmlib/train/observation.hpp"

#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::train {

class Updater {
 public:
  virtual ~Updater() = default;
  /// Updates the parameters once. Returns what was observed.
  virtual Observation update() = 0;
  virtual Index iteration() const = 0;               ///< updates done
  virtual Index epoch() const = 0;                   ///< epochs finished
  virtual double epoch_detail() const = 0;           ///< epochs, including the fraction of the current one
  virtual double previous_epoch_detail() const = 0;  ///< the same before the last update; -1: there was none
  virtual void serialize(io::Serializer&) = 0;
  /// Whether this process writes files and reports. With several processes, one does.
  virtual bool is_main_process() const { return true; }
  /// The signal that ends the run, or 0. With several processes, all agree on one of the signals received.
  virtual int stop_signal(int received) const { return received; }
};

/// Base of updaters that take batches: counters and their serialization. Keeps references to its arguments.
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
    Index epochs_of_optimizer = epoch();  // Chainer's optimizer counts them too
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

/// One iteration: batch, objective, backward pass and optimizer step, run as one graph on the device. Keeps
/// references to its arguments. `objective(batch, observation)` returns the loss, a scalar Variable, and may
/// observe more; all keys get the prefix "main/". The objective must not wait for the device; to observe
/// values from it, see Observation::defer.
///
///     auto objective = [&](const auto& batch, train::Observation&) {
///       return ops::softmax_cross_entropy(model(batch.inputs), batch.labels);
///     };
///     train::StandardUpdater updater(batches, model, optimizer, objective);
template <class Iterator, class Objective>
class StandardUpdater final : public BatchUpdater<Iterator> {
 public:
  /// `optimizer` updates the parameters of `model`.
  StandardUpdater(Iterator& batches, nn::Module& model, optim::Optimizer& optimizer, Objective& objective)
      : BatchUpdater<Iterator>(batches, model, optimizer), objective_(&objective) {}

  Observation update() override {
    this->begin();
    Observation seen;
    seen["loss"] = 0;  // reserve the first position in the report
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
