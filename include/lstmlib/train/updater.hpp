// SPDX-License-Identifier: MIT
#pragma once
// Updaters: what one iteration of training does. The interface and the standard implementation.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/tensor/random.hpp"
#include "lstmlib/train/objective.hpp"

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
  double previous_epoch_detail() const override {
    return start_of_update_ ? *start_of_update_ : batches_->previous_epoch_detail();
  }

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
  /// Call it after the first batch of an update of several.
  void note_start() { start_of_update_ = batches_->previous_epoch_detail(); }
  void end() { ++iteration_; }

 private:
  Iterator* batches_;
  nn::Module* model_;
  optim::Optimizer* optimizer_;
  Index iteration_ = 0;
  std::optional<double> start_of_update_;  // of the last one; none in a run that was just resumed
};

struct UpdaterOptions {
  /// Batches of one update. Their gradients are added, so the update is that of one batch with all their
  /// examples, but the memory is that of one.
  Index accumulate = 1;
};

/// One iteration: batch, objective, backward pass and optimizer step, run as one graph on the device. Keeps
/// references to its arguments; an objective that is a temporary is moved into it.
///
/// The objective is called as `loss(model, batch)`, `loss(model, batch, observation)`, `loss(batch)` or
/// `loss(batch, observation)`. It returns the loss, a scalar Variable that is a mean over examples, or a
/// SummedLoss. It may observe more; all keys get the prefix "main/". It must not wait for the device; to
/// observe values from it, see Observation::defer.
///
///     train::StandardUpdater updater(batches, model, adam, [](auto& model, const auto& batch) {
///       return ops::softmax_cross_entropy(model(batch.inputs), batch.labels);
///     });
template <class Iterator, class Objective, class Model = nn::Module>
class StandardUpdater final : public BatchUpdater<Iterator> {
 public:
  /// `optimizer` updates the parameters of `model`. Throws ValueError if `accumulate` is below 1.
  StandardUpdater(Iterator& batches, Model& model, optim::Optimizer& optimizer, Objective& objective,
                  UpdaterOptions options = {})
      : BatchUpdater<Iterator>(batches, model, optimizer),
        model_(&model),
        objective_(objective),
        options_(options) {
    check_options();
  }
  StandardUpdater(Iterator& batches, Model& model, optim::Optimizer& optimizer, Objective&& objective,
                  UpdaterOptions options = {})
      : BatchUpdater<Iterator>(batches, model, optimizer),
        model_(&model),
        objective_(std::move(objective)),
        options_(options) {
    check_options();
  }

  Observation update() override {
    this->begin();
    using Batch = decltype(this->batches().next());
    using Value = decltype(train::detail::call_objective(*model_, *objective_, std::declval<const Batch&>(),
                                                         std::declval<Observation&>()));
    using Loss = decltype(train::detail::Loss(std::declval<Value>()));
    const Index parts = options_.accumulate;
    std::vector<Loss> losses(static_cast<std::size_t>(parts));
    std::vector<Observation> seen(static_cast<std::size_t>(parts));
    optim::Optimizer& optimizer = this->optimizer();
    const Device device = optimizer.device();
    Index count = 0;  // of summed losses
    for (Index part = 0; part < parts; ++part) {
      auto& loss = losses[static_cast<std::size_t>(part)];
      auto& observation = seen[static_cast<std::size_t>(part)];
      observation["loss"] = 0;  // reserve the first position in the report
      const Batch batch = this->batches().next();
      if (part == 0) this->note_start();
      device.backend().run_as_graph(device.number(), [&] {
        if (part == 0) optimizer.zero_grad();
        loss = train::detail::call_objective(*model_, *objective_, batch, observation);
        backward_weighted(loss.value, loss.count ? 1 : 1 / static_cast<double>(parts));
        if (loss.count) count += *loss.count;
        if (part + 1 < parts) return;
        if (loss.count && count == 0) fail<ValueError>("updater: the objective counted nothing");
        optimizer.step({.divisor = loss.count ? static_cast<double>(count) : 1});
      });
    }
    for (std::size_t part = 0; part < seen.size(); ++part) {
      losses[part].observe(seen[part]);
      seen[part].resolve();
    }
    this->end();
    Observation result;
    add_prefixed(result, "main/", train::detail::mean_of(seen));
    return result;
  }

 private:
  void check_options() const {
    lstmlib::detail::require_size("UpdaterOptions", "accumulate", options_.accumulate);
  }
  template <Real T>
  static void backward_weighted(const Variable<T>& loss, double weight) {
    backward(loss, static_cast<T>(weight));
  }

  Model* model_;
  train::detail::KeptObjective<Objective> objective_;
  UpdaterOptions options_;
};

}  // namespace lstmlib::train
