// SPDX-License-Identifier: MIT
#pragma once
// Buckets: gradients that are sent together.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/distributed/communicator.hpp"

#include <algorithm>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::distributed::detail {

/// Gradients of one element type that are reduced together.
class Piece {
 public:
  virtual ~Piece() = default;
  /// Call before a backward pass. Sets the gradients to zeros in memory of this piece.
  virtual void begin() = 0;
  /// Counts one more complete gradient. Returns true for the last one.
  bool complete_one() { return ++complete_ == parts(); }
  bool is_complete() const { return complete_ == parts(); }
  virtual void start(Communicator&, GradientCompression) = 0;
  virtual void wait() = 0;

 protected:
  virtual std::size_t parts() const = 0;
  std::size_t complete_ = 0;
};

/// The gradients of several parameters in one tensor. Backward passes add to them in place, so nothing is
/// copied before or after sending.
template <Real T>
class Bucket final : public Piece {
 public:
  explicit Bucket(std::vector<Variable<T>> parameters) : parameters_(std::move(parameters)) {
    Index size = 0;
    for (const auto& parameter : parameters_) {
      offsets_.push_back(size);
      size += (parameter.value().size() + alignment - 1) / alignment * alignment;
    }
    memory_ = Tensor<T>::zeros({size}, parameters_.front().device());
  }

  void begin() override {
    complete_ = 0;
    memory_.clear();
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = slice(i);
  }
  /// Moves gradients that a backward pass allocated elsewhere into the bucket.
  void adopt() {
    memory_.clear();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Tensor<T>& gradient = parameters_[i].mutable_grad();
      Tensor<T> here = slice(i);
      if (gradient) here.assign(gradient);
      gradient = here;
    }
  }
  void start(Communicator& all, GradientCompression compression) override {
    if constexpr (std::same_as<T, float>) pending_ = all.all_reduce_async(memory_, compression);
    else pending_ = all.all_reduce_async(memory_);
  }
  void wait() override { std::exchange(pending_, nullptr)->wait(); }

  const std::vector<Variable<T>>& parameters() const { return parameters_; }
  std::size_t bytes() const { return static_cast<std::size_t>(memory_.size()) * sizeof(T); }

 private:
  static constexpr Index alignment = 64 / sizeof(T);  // same as tensors have

  std::size_t parts() const override { return parameters_.size(); }
  Tensor<T> slice(std::size_t i) {
    const auto& shape = parameters_[i].shape();
    return memory_.rows(offsets_[i], shape.elements()).reshape(shape);
  }

  std::vector<Variable<T>> parameters_;
  std::vector<Index> offsets_;
  Tensor<T> memory_;
  std::unique_ptr<Work> pending_;
};

}  // namespace lstmlib::distributed::detail
