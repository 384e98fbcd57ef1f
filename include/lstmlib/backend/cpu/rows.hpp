// SPDX-License-Identifier: MIT
#pragma once
// Lookup of table rows by id, and dropout of rows, on the CPU.

#include "lstmlib/backend/cpu/kernel_sets.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"
#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/backend/kernels/nn.hpp"

#include <algorithm>
#include <span>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Returns `number`. Throws IndexError unless it is in 0 to size - 1.
inline Index checked(const char* what, Index number, Index size) {
  if (number < 0 || number >= size) fail<IndexError>(what, number, ", expected 0 to ", size - 1);
  return number;
}

/// Calls `use(sequence, its first row, its length)` in parallel. A row has `elements` elements.
template <class Use>
void each_sequence(const SequenceLayout& layout, Index elements, Use use) {
  parallel_for(
      layout.sequences(), [&](Index s) { use(s, layout.begin(s), layout.length(s)); },
      layout.rows() * elements);
}
/// Calls `use(row, its sentence, its position)` in parallel. A row has `elements` elements.
template <class Use>
void each_row(const RowPlaces& places, Index rows, Index elements, Use use) {
  if (!places.layout)
    return parallel_ranges(rows, elements, [&](Index first, Index last) {
      for (Index row = first; row < last; ++row) use(row, row, Index{0});
    });
  each_sequence(*places.layout, elements, [&](Index s, Index first, Index length) {
    for (Index i = 0; i < length; ++i) use(first + i, s, i);
  });
}

/// Applies dropout to single rows.
template <Real T>
class RowMask {
 public:
  RowMask(const RowDropout& dropout, Index width)
      : dropout_(dropout),
        threshold_(math::dropout_threshold(dropout.ratio)),
        scale_(static_cast<T>(1 / (1 - dropout.ratio))),
        width_(width) {}

  void apply(Index sentence, Index position, const T* x, T* y, OutputMode how) const {
    kernel_table<T>().dropout({dropout_.key,
                               static_cast<std::uint64_t>(sentence) + dropout_.places.first_sentence,
                               static_cast<std::uint32_t>(position), threshold_, width_, scale_, x, y,
                               how == OutputMode::accumulate});
  }

 private:
  const RowDropout& dropout_;
  std::uint32_t threshold_;
  T scale_;
  Index width_;
};

/// See NnKernels.
template <Real T>
void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore,
                 const RowDropout& dropout, View<T> rows) {
  const Index width = table.shape.row_size();
  const RowMask<T> mask(dropout, width);
  each_row(dropout.places, ids.size(), width, [&](Index row, Index sentence, Index position) {
    T* to = rows.data + row * width;
    const std::int32_t id = ids.data[row];
    const T* from =
        id == ignore ? nullptr : table.data + checked("embedding: id ", id, table.shape[0]) * width;
    if (!from) std::fill_n(to, width, T(0));
    else if (dropout.ratio > 0) mask.apply(sentence, position, from, to, OutputMode::overwrite);
    else std::copy_n(from, width, to);
  });
}

namespace detail {

/// Sort keys of all rows except those of `ignore`: the id in the upper half, the row in the lower one.
/// Ascending.
inline std::span<const std::uint64_t> sorted_by_id(View<const std::int32_t> ids, std::int32_t ignore,
                                                   Scratch& scratch) {
  const auto upper = [](std::int32_t id) {
    return std::uint64_t{static_cast<std::uint32_t>(id) ^ 0x80000000u} << 32;
  };
  std::uint64_t* keys = scratch.take<std::uint64_t>({ids.size()}).data;
  std::size_t count = 0;
  for (Index i = 0; i < ids.size(); ++i)
    if (ids.data[i] != ignore) keys[count++] = upper(ids.data[i]) | static_cast<std::uint32_t>(i);
  std::sort(keys, keys + count);
  return {keys, count};
}
inline std::int32_t id_of(std::uint64_t key) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(key >> 32) ^ 0x80000000u);
}
inline Index row_of(std::uint64_t key) { return static_cast<Index>(key & 0xffffffffu); }

/// Index of the sentence of each row.
inline const Index* sentences_of(const RowPlaces& places, Index rows, Scratch& scratch) {
  Index* sentences = scratch.take<Index>({rows}).data;
  for (Index row = 0; !places.layout && row < rows; ++row) sentences[row] = row;
  for (Index s = 0; places.layout && s < places.layout->sequences(); ++s)
    std::fill_n(sentences + places.layout->begin(s), places.layout->length(s), s);
  return sentences;
}

}  // namespace detail

/// See NnKernels.
template <Real T>
Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                     const RowDropout& dropout, View<std::int32_t> distinct, View<T> sums) {
  const Index width = rows.shape.row_size();
  Scratch scratch;
  const std::span order = detail::sorted_by_id(ids, ignore, scratch);
  // First entry of each distinct id in `order`.
  Index* begin = scratch.take<Index>({std::ssize(order) + 1}).data;
  Index count = 0;
  for (Index i = 0; i < std::ssize(order); ++i) {
    const std::int32_t id = detail::id_of(order[static_cast<std::size_t>(i)]);
    if (count > 0 && distinct.data[count - 1] == id) continue;
    begin[count] = i;
    distinct.data[count++] = id;
  }
  begin[count] = std::ssize(order);

  const RowMask<T> mask(dropout, width);
  const Index* sentences =
      dropout.ratio > 0 ? detail::sentences_of(dropout.places, ids.size(), scratch) : nullptr;
  const auto dropped = [&](Index row, T* to, OutputMode how) {
    const Index sentence = sentences[row];
    const Index position = dropout.places.layout ? row - dropout.places.layout->begin(sentence) : 0;
    mask.apply(sentence, position, rows.data + row * width, to, how);
  };
  parallel_ranges(count, 2 * width, [&](Index first, Index last) {
    Scratch own;
    T* kept = own.take<T>({width}).data;
    for (Index which = first; which < last; ++which)
      for (Index i = begin[which]; i < begin[which + 1]; ++i) {
        const Index row = detail::row_of(order[static_cast<std::size_t>(i)]);
        const T* from = rows.data + row * width;
        T* to = sums.data + which * width;
        if (i == begin[which]) {
          if (!sentences) {
            std::copy_n(from, width, to);
          } else {  // added to zeros like dropout's own gradient, because a product may be -0
            std::fill_n(to, width, T(0));
            dropped(row, to, OutputMode::accumulate);
          }
          continue;
        }
        if (sentences)
          dropped(row, kept, OutputMode::overwrite);  // rounded before it is added, so that results equal
                                                      // those without fusion
        kernel_table<T>().add(sentences ? kept : from, width, to);
      }
  });
  return count;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cpu
