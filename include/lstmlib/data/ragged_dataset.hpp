// SPDX-License-Identifier: MIT
#pragma once
// A dataset of sequences of any kind: rows of numbers or word ids, with a target for each sequence or row.

#include "lstmlib/autograd/variable.hpp"
#include "lstmlib/data/dataset.hpp"

#include <algorithm>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// Variable<T> for float and double, which models take; Tensor<T> for ids and labels.
template <Element T>
using BatchValues = std::conditional_t<Real<T>, Variable<std::conditional_t<Real<T>, T, float>>, Tensor<T>>;

/// Sequences and what a model is to compute from them.
template <Element X, Element Y = X>
struct SequenceBatch {
  Ragged<BatchValues<X>> inputs;  ///< values [rows of all sequences, ...]
  BatchValues<Y> targets;         ///< [sequences, ...] or [rows, ...], as in the dataset
};

namespace detail {
/// Copies rows of tensors in the host's memory into a new one.
template <Element T>
class RowCopier {
 public:
  RowCopier(const Tensor<T>& from, Index rows)
      : from_(&from),
        made_(Tensor<T>::uninitialized(from.shape().with_rows(rows))),
        at_(made_.mutable_view().data) {}
  void add(Index first, Index count) {
    const Index width = from_->shape().row_size();
    at_ = std::copy_n(from_->view().data + first * width, count * width, at_);
  }
  BatchValues<T> finish(Device device) { return BatchValues<T>(made_.to(device)); }

 private:
  const Tensor<T>* from_;
  Tensor<T> made_;
  T* at_;
};
template <Element T>
void require_on_host(const char* owner, const char* what, const Tensor<T>& tensor) {
  if (!tensor || tensor.shape().rank() == 0)
    fail<ShapeError>(owner, ": ", what, tensor ? " are a scalar" : " are absent", ", expected [rows, ...]");
  if (!tensor.device().is_cpu())
    fail<DeviceError>(owner, ": ", what, " are on ", tensor.device(), ", expected in the host's memory");
}
}  // namespace detail

/// A dataset in memory: sequences with targets. Inputs are rows of numbers [rows, ...] or word ids [rows].
/// Targets are numbers or labels, one row for each sequence or one for each input row. Batches hold the same:
/// a SequenceBatch, whose `inputs` a model takes.
///
///     const auto x = make_ragged(recordings, 3);             // rows of 3 numbers, in one vector a sequence
///     const data::RaggedDataset dataset(x, labels);          // labels: Tensor<std::int32_t> [sequences]
///     data::SerialIterator batches(dataset, {.batch_size = 32});
///     const auto batch = batches.next();
///     const auto scores = model(batch.inputs);               // inputs: Ragged<Variable<float>>
template <Element X, Element Y>
class RaggedDataset {
 public:
  /// Shares the memory of its arguments. Throws ShapeError if there are neither as many targets as sequences
  /// nor as many as rows, and DeviceError if something is not in the host's memory.
  RaggedDataset(Ragged<Tensor<X>> inputs, Tensor<Y> targets)
      : inputs_(std::move(inputs)), targets_(std::move(targets)) {
    detail::require_on_host("dataset", "the inputs", inputs_.values);
    detail::require_on_host("dataset", "the targets", targets_);
    const Index rows = inputs_.values.shape().rows(), count = inputs_.sequences();
    if (rows != inputs_.layout->rows())
      fail<ShapeError>("dataset: inputs ", inputs_.values.shape(), " for sequences of ",
                       inputs_.layout->rows(), " rows");
    const Index given = targets_.shape().rows();
    if (given != count && given != rows)
      fail<ShapeError>("dataset: targets ", targets_.shape(), " for ", count, " sequences of ", rows,
                       " rows; expected one a sequence or one a row");
    target_for_each_row_ = given == rows;
  }

  Index size() const { return inputs_.sequences(); }
  /// Like batch(), throws IndexError if the row does not exist.
  Index length(Index row) const { return inputs_.layout->length(checked(row)); }
  /// The examples `rows`, in this order.
  SequenceBatch<X, Y> batch(std::span<const Index> rows, Device device) const {
    std::vector<Index> lengths;
    for (const Index row : rows) lengths.push_back(length(row));
    auto layout = std::make_shared<const SequenceLayout>(lengths);
    detail::RowCopier<X> inputs(inputs_.values, layout->rows());
    detail::RowCopier<Y> targets(targets_, target_for_each_row_ ? layout->rows() : std::ssize(rows));
    for (const Index row : rows) {
      inputs.add(inputs_.layout->begin(row), length(row));
      if (target_for_each_row_) targets.add(inputs_.layout->begin(row), length(row));
      else targets.add(row, 1);
    }
    return {{inputs.finish(device), std::move(layout)}, targets.finish(device)};
  }

 private:
  Index checked(Index row) const {
    if (row < 0 || row >= size()) fail<IndexError>("dataset: row ", row, ", expected 0 to ", size() - 1);
    return row;
  }

  Ragged<Tensor<X>> inputs_;
  Tensor<Y> targets_;
  bool target_for_each_row_ = false;
};

}  // namespace lstmlib::data
