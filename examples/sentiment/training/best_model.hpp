// SPDX-License-Identifier: MIT
#pragma once
// Keeps the model of the best epoch so far.

#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train/trainer.hpp"
#include "sentiment/model/classifier.hpp"

#include <memory>
#include <string>
#include <utility>

namespace sentiment {

/// An extension that copies the model whenever an observed value exceeds that of all earlier epochs. The copy
/// is in memory and in snapshots, so a run that resumes elsewhere from just a snapshot still has its best
/// model.
class BestModel {
 public:
  /// `model` must outlive the trainer. `copy` has the same shapes; its values do not matter.
  BestModel(const Classifier<float>& model, Classifier<float> copy, std::string observed)
      : model_(&model),
        copy_(std::make_unique<Classifier<float>>(std::move(copy))),
        observed_(std::move(observed)) {}

  Index epoch() const { return epoch_; }         ///< epoch of the model, from 1; 0: none yet
  double value() const { return value_; }        ///< observed value of that epoch
  Classifier<float>& model() { return *copy_; }  ///< on the CPU

  train::Trigger default_trigger() const { return train::epochs(1); }
  void operator()(train::Trainer& trainer) {
    const auto seen = trainer.observation().find(observed_);
    if (!seen || !(*seen > value_)) return;  // also false for NaN
    io::from_archive(io::to_archive(*model_), *copy_);
    value_ = *seen;
    epoch_ = trainer.epoch();
  }
  /// A snapshot without it, such as one of the Chainer scripts, starts the search again.
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
