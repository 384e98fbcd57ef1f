// SPDX-License-Identifier: MIT
#pragma once
// The interface that iterators require of a dataset.

#include "lstmlib/tensor/device.hpp"

#include <concepts>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// A collection of `size()` examples. `batch(rows, device)` makes a batch of the examples with these indices
/// on `device`. A batch has any type that the user's objective accepts.
///
///     struct Numbers {
///       Tensor<float> all;  // [examples, features]
///       Index size() const { return all.shape().rows(); }
///       Variable<float> batch(std::span<const Index> rows, Device device) const;
///     };
template <class D>
concept Dataset = requires(const D& dataset, std::span<const Index> rows, Device device) {
  { dataset.size() } -> std::convertible_to<Index>;
  dataset.batch(rows, device);
};

/// A dataset that also knows the length of each example, so that batches can group examples of similar
/// length.
template <class D>
concept SequenceDataset = Dataset<D> && requires(const D& dataset, Index row) {
  { dataset.length(row) } -> std::convertible_to<Index>;
};

}  // namespace lstmlib::data
