// SPDX-License-Identifier: MIT
#pragma once
// The model of the best epoch so far.

#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train/trainer.hpp"
#include "sentiment/model/classifier.hpp"

#include <memory>
#include <string>
#include <utility>

namespace sentiment {

/// An extension that keeps a copy of the model when an observed value is greater than in all epochs before,
/// in memory and in snapshots: a run that goes on in another place, from nothing but a snapshot, still has
/// its best model.
class BestModel {
 public:
  /// `model` outlives the trainer; `copy` has its shapes, and any values.
  BestModel(const Classifier<float>& model, Classifier<float> copy, std::string observed)
      : model_(&model),
        copy_(std::make_unique<Classifier<float>>(std::move(copy))),
        observed_(std::move(observed)) {}

  Index epoch() const { return epoch_; }         ///< whose model it is, from 1; 0: none is finished
  double value() const { return value_; }        ///< what was observed there
  Classifier<float>& model() { return *copy_; }  ///< on the CPU

  train::Trigger default_trigger() const { return train::epochs(1); }
  void operator()(train::Trainer& trainer) {
    const auto seen = trainer.observation().find(observed_);
    if (!seen || !(*seen > value_)) return;  // also not a number
    io::from_archive(io::to_archive(*model_), *copy_);
    value_ = *seen;
    epoch_ = trainer.epoch();
  }
  /// A snapshot without it, as the reference's, leaves the best to the epochs that follow.
  void serialize(io::Serializer& serializer) {
    if (serializer.loading() && !serializer.has("epoch")) {
      epoch_ = 0;
      value_ = none;
      return;
    }
    serializer.value("epoch", epoch_);
    serializer.value("value", value_);
    serializer.child("model", *copy_);
  }

  std::string name = "best_model";
  int priority = train::priority::checkpoint;

 private:
  static constexpr double none = -1;  // below any accuracy

  const Classifier<float>* model_;
  std::unique_ptr<Classifier<float>> copy_;
  std::string observed_;
  Index epoch_ = 0;
  double value_ = none;
};

}  // namespace sentiment
