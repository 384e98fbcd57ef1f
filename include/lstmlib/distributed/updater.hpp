// SPDX-License-Identifier: MIT
#pragma once
// Data-parallel training: each process takes a shard of every batch, and all make the same update.

#include "lstmlib/data/shard.hpp"
#include "lstmlib/distributed/gradient_reducer.hpp"
#include "lstmlib/distributed/snapshot.hpp"
#include "lstmlib/distributed/step_report.hpp"
#include "lstmlib/train/signals.hpp"
#include "lstmlib/train/updater.hpp"

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// Replaces StandardUpdater. Each process computes its shard of the batch (see SerialIterator::next_shard).
/// The gradients are those of the whole batch, provided that the objective is a mean over examples. A run of
/// n processes equals a run of one except for rounding, dropout included. Batches, seeds and options must be
/// equal in all processes. All take the parameters and the random state of the main process. Keeps references
/// to its arguments.
///
///     distributed::ParallelUpdater updater(all, batches, model, optimizer, objective);
///     train::Trainer trainer(updater, {.stop = train::epochs(10)});
///     trainer.run();
template <class Iterator, class Objective>
class ParallelUpdater final : public train::BatchUpdater<Iterator> {
 public:
  /// `optimizer` updates the parameters of `model`. Collective.
  ParallelUpdater(Communicator& all, Iterator& batches, nn::Module& model, optim::Optimizer& optimizer,
                  Objective& objective, ReducerOptions options = {})
      : train::BatchUpdater<Iterator>(batches, model, optimizer),
        all_(&all),
        objective_(&objective),
        exchange_(all, optimizer, options) {
    broadcast_state(all, model);
    std::array random{random_state().seed, random_state().draws};
    all.broadcast(std::as_writable_bytes(std::span(random)), 0);
    random_state().seed = random[0];
    random_state().draws = random[1];
  }

  /// Collective. Throws AgreedError if the loss of a process is not finite.
  train::Observation update() override {
    this->begin();
    auto shard = this->batches().next_shard(all_->rank(), all_->size());
    random_state().first_sentence = static_cast<std::uint64_t>(shard.first);
    StepReport mine{.examples = shard.examples};
    mine.seen["loss"] = 0;  // reserve the first position in the report
    step(shard, mine.seen);
    random_state().first_sentence = 0;
    mine.signal = train::SignalWatch::noted();  // recorded by the trainer's watch, if it stops at signals
    this->end();
    const StepReport total = all_gather_reports(*all_, mine, "loss", this->iteration());
    signal_ = total.signal;
    train::Observation result;
    train::add_prefixed(result, "main/", total.seen);
    return result;
  }

  bool is_main_process() const override { return all_->is_main_process(); }
  /// With several processes, a signal takes effect after the next step, when all know of it.
  int stop_signal(int received) const override { return all_->size() == 1 ? received : signal_; }
  /// Bytes that this process sent in the last step.
  const Traffic& traffic() const { return exchange_.traffic(); }

 private:
  template <class Shard>
  void step(const Shard& shard, train::Observation& seen) {
    optim::Optimizer& optimizer = this->optimizer();
    const Device device = optimizer.device();
    const bool on_device = all_->runs_on(device);
    const auto run_as_graph = [&](auto work) { device.backend().run_as_graph(device.number(), work); };

    std::optional<decltype((*objective_)(*shard.batch, seen))> loss;
    const auto gradients = [&] {
      optimizer.zero_grad();
      exchange_.begin();
      if (!shard.batch) return;
      loss = (*objective_)(*shard.batch, seen);
      const double weight = static_cast<double>(shard.examples) / static_cast<double>(shard.total);
      GradReadyHook watch;
      if (on_device && all_->size() > 1) watch = [this](const void* leaf) { exchange_.complete(leaf); };
      backward_weighted(*loss, weight, watch);
    };
    if (on_device) {
      run_as_graph([&] {
        gradients();
        exchange_.finish();
        optimizer.step();
      });
    } else {
      run_as_graph(gradients);
      exchange_.finish();
      run_as_graph([&] { optimizer.step(); });
    }
    if (!loss) return;
    seen["loss"] = static_cast<double>(loss->item());
    seen.resolve();
  }
  template <Real T>
  static void backward_weighted(const Variable<T>& loss, double weight, const GradReadyHook& watch) {
    backward(loss, static_cast<T>(weight), watch);
  }

  Communicator* all_;
  Objective* objective_;
  GradientReducer exchange_;
  int signal_ = 0;  // known to all processes
};

}  // namespace lstmlib::distributed
