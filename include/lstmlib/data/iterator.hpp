// SPDX-License-Identifier: MIT
#pragma once
// Iterates over batches of a dataset, and is saved, like Chainer's SerialIterator.

#include "lstmlib/base/option.hpp"
#include "lstmlib/data/dataset.hpp"
#include "lstmlib/data/order.hpp"
#include "lstmlib/data/shard.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::data {

struct IteratorOptions {
  Index batch_size = 64;
  bool shuffle = true;            ///< false: examples in the order of the dataset
  bool repeat = true;             ///< false: one epoch, whose last batch may be smaller
  bool bucket_by_length = false;  ///< with `shuffle`: batches of similar length, see bucketed_order
  std::uint64_t seed = 0;         ///< of the random order
  Device device = {};             ///< device of the batches
};

/// Yields batches of a dataset, epoch after epoch. With `repeat`, the last batch of an epoch is filled up
/// with examples of the next. The dataset must outlive the iterator.
///
///     data::SerialIterator batches(dataset, {.batch_size = 64, .seed = 1});
///     while (batches.epoch() < 10) train_one_batch(batches.next());
template <Dataset D>
class SerialIterator {
 public:
  /// Throws ValueError for an empty dataset, a batch size below 1, a negative length, or `bucket_by_length`
  /// with a dataset that has no lengths.
  SerialIterator(const D& dataset, IteratorOptions options) : dataset_(&dataset), options_(options) {
    if (size() < 1) fail<ValueError>("iterator: the dataset is empty");
    lstmlib::detail::require_size("IteratorOptions", "batch_size", options_.batch_size);
    if constexpr (SequenceDataset<D>) {
      if (options_.bucket_by_length)
        for (Index row = 0; row < size(); ++row) lengths_.push_back(dataset.length(row));
    } else if (options_.bucket_by_length) {
      fail<ValueError>("iterator: bucket_by_length needs a dataset that has length(row)");
    }
    reset();
  }
  SerialIterator(D&&, IteratorOptions) = delete;  // a temporary dataset would be destroyed

  /// Restarts at the first epoch.
  void reset() {
    epoch_ = position_ = 0;
    new_epoch_ = false;
    previous_epoch_detail_ = none;
    order_ = order_of_epoch(0, 0);
  }
  /// Whether the only epoch has ended; always false with `repeat`.
  bool done() const { return !options_.repeat && epoch_ > 0; }
  /// The next batch. Throws Error when done().
  auto next() { return batch(next_rows()); }
  /// Shard number `part` of `parts` of the next batch, for training with several processes. Each process
  /// takes its own shard, and all iterators advance through the same batches. Shards have similar total
  /// length if the dataset knows lengths, else a similar number of examples. Throws like next(), and
  /// ValueError unless 0 <= part < parts.
  auto next_shard(int part, int parts) {
    if (part < 0 || part >= parts)
      fail<ValueError>("iterator: part ", part, " of ", parts, ", expected 0 to below the number of parts");
    const std::vector<Index> rows = next_rows();
    const auto cuts = partition_by_cost(costs(rows), parts);
    const Index first = cuts[static_cast<std::size_t>(part)], end = cuts[static_cast<std::size_t>(part) + 1];
    Shard<Batch> shard{.first = first, .examples = end - first, .total = static_cast<Index>(rows.size())};
    if (first < end) shard.batch = batch({rows.begin() + first, rows.begin() + end});
    return shard;
  }
  /// Skips the next batch.
  void skip() { next_rows(); }

  Index size() const { return static_cast<Index>(dataset_->size()); }  ///< examples
  Index epoch() const { return epoch_; }                               ///< completed epochs
  Index current_position() const { return position_; }                 ///< examples used in the current epoch
  bool is_new_epoch() const { return new_epoch_; }  ///< whether the last batch completed an epoch
  /// Completed epochs plus the fraction of the current one. previous_epoch_detail() is the value before the
  /// last batch, or -1 before the first.
  double epoch_detail() const {
    return static_cast<double>(epoch_) + static_cast<double>(position_) / static_cast<double>(size());
  }
  double previous_epoch_detail() const { return previous_epoch_detail_; }
  /// Order of the current epoch; empty without `shuffle`.
  const std::vector<Index>& order() const { return order_; }

  /// Saves or loads Chainer's keys and the seed. A resumed run has the orders of the saved one.
  void serialize(io::Serializer& serializer);

 private:
  using Batch = decltype(std::declval<const D&>().batch(std::span<const Index>(), Device()));
  static constexpr double none = -1;

  Batch batch(const std::vector<Index>& rows) const { return dataset_->batch(rows, options_.device); }
  std::vector<Index> costs(const std::vector<Index>& rows) const {
    std::vector<Index> all(rows.size(), 1);
    if constexpr (SequenceDataset<D>)
      std::transform(rows.begin(), rows.end(), all.begin(), [&](Index row) { return dataset_->length(row); });
    return all;
  }
  std::vector<Index> next_rows() {
    if (done()) fail<Error>("iterator: no batch is left; reset() starts again");
    previous_epoch_detail_ = epoch_detail();
    new_epoch_ = false;
    std::vector<Index> rows;
    Index missing = options_.batch_size;
    while (missing >= size() - position_) {
      missing -= take(size() - position_, rows);
      new_epoch_ = true;
      ++epoch_;
      position_ = 0;
      order_ = order_of_epoch(epoch_, missing);
      if (!options_.repeat) return rows;
    }
    take(missing, rows);
    return rows;
  }
  Index take(Index count, std::vector<Index>& rows) {
    for (Index i = 0; i < count; ++i, ++position_)
      rows.push_back(options_.shuffle ? order_[static_cast<std::size_t>(position_)] : position_);
    return count;
  }
  /// `missing`: examples that the current batch still needs.
  std::vector<Index> order_of_epoch(Index epoch, Index missing) const {
    if (!options_.shuffle) return {};
    if (!options_.bucket_by_length) return shuffled_order(size(), options_.seed, epoch);
    return bucketed_order(lengths_, options_.batch_size, missing, options_.seed, epoch);
  }
  double detail_one_batch_before() const {
    return epoch_detail() - static_cast<double>(options_.batch_size) / static_cast<double>(size());
  }
  void check() const;

  const D* dataset_;
  IteratorOptions options_;
  std::vector<Index> lengths_;  // of the examples; only with bucket_by_length
  std::vector<Index> order_;
  Index epoch_ = 0, position_ = 0;
  bool new_epoch_ = false;
  double previous_epoch_detail_ = none;
};

template <Dataset D>
void SerialIterator<D>::serialize(io::Serializer& serializer) {
  serializer.value("current_position", position_);
  serializer.value("epoch", epoch_);
  serializer.value("is_new_epoch", new_epoch_);
  // Some versions of Chainer name the order "_order", and older ones do not save previous_epoch_detail.
  if (options_.shuffle)
    serializer.value(serializer.has("_order") && !serializer.has("order") ? "_order" : "order", order_);
  if (serializer.saving() || serializer.has("previous_epoch_detail"))
    serializer.value("previous_epoch_detail", previous_epoch_detail_);
  else previous_epoch_detail_ = epoch_detail() > 0 ? (std::max)(detail_one_batch_before(), 0.0) : none;
  if (serializer.saving() || serializer.has("seed"))
    serializer.value("seed", options_.seed);  // not a key of Chainer's
  if (serializer.loading()) check();
}

/// Checks loaded values against the dataset.
template <Dataset D>
void SerialIterator<D>::check() const {
  constexpr Index max_epochs = Index{1} << 52;  // exact as a double
  if (epoch_ < 0 || epoch_ > max_epochs || position_ < 0 || position_ >= size() ||
      !std::isfinite(previous_epoch_detail_))
    fail<FormatError>("iterator: epoch ", epoch_, ", position ", position_, " in a dataset of ", size(),
                      " examples");
  if (!options_.shuffle) return;
  auto sorted = order_;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != rising_order(size()))
    fail<FormatError>("iterator: the order of ", order_.size(), " examples is not one of the dataset's ",
                      size());
}

}  // namespace lstmlib::data
