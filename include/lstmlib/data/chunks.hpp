// SPDX-License-Identifier: MIT
#pragma once
// Chunks of one long sequence, for truncated backpropagation through time.

#include "lstmlib/base/option.hpp"
#include "lstmlib/data/ragged_dataset.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::data {

struct ChunkOptions {
  Index streams = 32;  ///< parts of the sequence that are read side by side, the sequences of each chunk
  Index steps = 64;    ///< time steps of a chunk; the last one of an epoch may be shorter
  bool repeat = true;  ///< false: one epoch
  Device device = {};  ///< of the chunks
};

/// A chunk: a batch in which sequence s goes on where sequence s of the chunk before ended.
template <Element T>
struct Chunk : SequenceBatch<T> {
  bool first = false;  ///< whether the streams begin here: states must start anew
};

/// Cuts a sequence into `streams` contiguous parts and yields them chunk after chunk. The target of each row
/// is the row after it. The sequence is ids [time], or rows of numbers [time, features]. At its end up to
/// `streams` rows are left out, so that all streams are equally long.
///
///     data::ChunkIterator chunks(text, {.streams = 32, .steps = 64, .repeat = false});
///     std::vector<ops::RecurrentState<float>> states;
///     while (!chunks.done()) {
///       const auto chunk = chunks.next();
///       auto result = lstm(embedding(chunk.inputs), states);
///       states = detach(result.last);  // the next chunk goes on from here; no gradient flows back
///       train(ops::softmax_cross_entropy(output(result.hidden.values), chunk.targets));
///     }
template <Element T>
class ChunkIterator {
 public:
  /// Shares the memory of the sequence. Throws ValueError for an option below 1 or a sequence of fewer than
  /// streams + 1 rows, ShapeError if it is absent or a scalar, and DeviceError if it is not in the host's memory.
  ChunkIterator(Tensor<T> sequence, ChunkOptions options)
      : sequence_(std::move(sequence)), options_(options) {
    detail::require_on_host("chunks", "the rows", sequence_);
    lstmlib::detail::require_size("ChunkOptions", "streams", options_.streams);
    lstmlib::detail::require_size("ChunkOptions", "steps", options_.steps);
    const Index rows = sequence_.shape().rows();
    if (rows <= options_.streams)
      fail<ValueError>("chunks: a sequence of ", rows, " rows, expected more than the ", options_.streams,
                       " streams");
    length_ = (rows - 1) / options_.streams;
  }
  /// Copies the ids.
  ChunkIterator(std::span<const T> ids, ChunkOptions options)
      : ChunkIterator(Tensor<T>::from(ids, {std::ssize(ids)}), options) {}
  /// A text: its bytes are the ids, 0 to 255.
  ChunkIterator(std::string_view text, ChunkOptions options) requires std::same_as<T, std::int32_t>
      : ChunkIterator(bytes_of(text), options) {}

  /// The next chunk. Throws Error when done().
  Chunk<T> next() {
    const Index first = position_, steps = advance();
    const std::vector<Index> lengths(static_cast<std::size_t>(options_.streams), steps);
    auto layout = std::make_shared<const SequenceLayout>(lengths);
    detail::RowCopier<T> inputs(sequence_, layout->rows()), targets(sequence_, layout->rows());
    for (Index stream = 0; stream < options_.streams; ++stream) {
      inputs.add(stream * length_ + first, steps);
      targets.add(stream * length_ + first + 1, steps);
    }
    return {{{inputs.finish(options_.device), std::move(layout)}, targets.finish(options_.device)},
            first == 0};
  }
  /// Skips the next chunk.
  void skip() { advance(); }
  /// Restarts at the first epoch.
  void reset() {
    epoch_ = position_ = 0;
    new_epoch_ = false;
    previous_epoch_detail_ = none;
  }
  /// Whether the only epoch has ended; always false with `repeat`.
  bool done() const { return !options_.repeat && epoch_ > 0; }

  Index size() const { return (length_ - 1) / options_.steps + 1; }  ///< chunks of an epoch
  Index epoch() const { return epoch_; }                             ///< completed epochs
  Index current_position() const { return position_; }  ///< rows of each stream read in this epoch
  bool is_new_epoch() const { return new_epoch_; }      ///< whether the last chunk completed an epoch
  /// Completed epochs plus the fraction of the current one. previous_epoch_detail() is the value before the
  /// last chunk, or -1 before the first.
  double epoch_detail() const {
    return static_cast<double>(epoch_) + static_cast<double>(position_) / static_cast<double>(length_);
  }
  double previous_epoch_detail() const { return previous_epoch_detail_; }

  /// Saves or loads the position. Recurrent states are the program's, and not saved here.
  void serialize(io::Serializer& serializer) {
    serializer.value("current_position", position_);
    serializer.value("epoch", epoch_);
    serializer.value("is_new_epoch", new_epoch_);
    serializer.value("previous_epoch_detail", previous_epoch_detail_);
    if (!serializer.loading()) return;
    constexpr Index max_epochs = Index{1} << 52;  // exact as a double
    if (epoch_ < 0 || epoch_ > max_epochs || position_ < 0 || position_ >= length_ ||
        !std::isfinite(previous_epoch_detail_))
      fail<FormatError>("chunks: epoch ", epoch_, ", position ", position_, " in streams of ", length_,
                        " rows");
  }

 private:
  static constexpr double none = -1;

  static Tensor<T> bytes_of(std::string_view text) {
    auto ids = Tensor<T>::uninitialized({std::ssize(text)});
    std::transform(text.begin(), text.end(), ids.mutable_values().begin(),
                   [](char byte) { return static_cast<T>(static_cast<unsigned char>(byte)); });
    return ids;
  }
  /// Goes on by one chunk; returns its time steps.
  Index advance() {
    if (done()) fail<Error>("chunks: no chunk is left; reset() starts again");
    previous_epoch_detail_ = epoch_detail();
    const Index steps = (std::min)(options_.steps, length_ - position_);
    position_ += steps;
    new_epoch_ = position_ == length_;
    if (new_epoch_) ++epoch_, position_ = 0;
    return steps;
  }

  Tensor<T> sequence_;  // [time, ...]
  ChunkOptions options_;
  Index length_ = 0;  // rows of a stream
  Index epoch_ = 0, position_ = 0;
  bool new_epoch_ = false;
  double previous_epoch_detail_ = none;
};

template <class Numbers>
requires lstmlib::detail::NumberList<Numbers> ChunkIterator(const Numbers&, ChunkOptions)
->ChunkIterator<lstmlib::detail::ItemOf<Numbers>>;
template <class Text>
requires std::convertible_to<const Text&, std::string_view> ChunkIterator(const Text&, ChunkOptions)
->ChunkIterator<std::int32_t>;

}  // namespace lstmlib::data
