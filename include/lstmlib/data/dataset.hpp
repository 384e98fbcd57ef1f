// SPDX-License-Identifier: MIT
#pragma once
// What an iterator asks of a dataset.

#include "lstmlib/tensor/device.hpp"

#include <concepts>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// `size()` examples; `batch(rows, device)` makes the batch of the examples of these numbers where it will be
/// used. A batch is whatever the user's objective takes, so the dataset makes it.
template <class D>
concept Dataset = requires(const D& dataset, std::span<const Index> rows, Device device) {
  { dataset.size() } -> std::convertible_to<Index>;
  dataset.batch(rows, device);
};

/// A dataset that knows how long its examples are, so that batches can be made of examples of near-equal
/// length.
template <class D>
concept SequenceDataset = Dataset<D> && requires(const D& dataset, Index row) {
  { dataset.length(row) } -> std::convertible_to<Index>;
};

}  // namespace lstmlib::data
