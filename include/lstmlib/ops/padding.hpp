// SPDX-License-Identifier: MIT
#pragma once
// From padded tensors to ragged batches and back, like PyTorch's pack_padded_sequence and pad_packed_sequence.

#include "lstmlib/ops/shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

struct PaddingOptions {
  bool batch_first = true;  ///< axes [sequences, time, ...]; false: [time, sequences, ...]
  double value = 0;         ///< of the padding that to_padded() makes
  Index time_steps = 0;     ///< of the result of to_padded(); 0: as many as the longest sequence has
};

/// A padded batch. `Values` is Tensor<T> or Variable<T>.
template <class Values>
struct Padded {
  Values values;               ///< [sequences, time, ...], or [time, sequences, ...]
  Tensor<std::int32_t> mask;   ///< [sequences, time] or [time, sequences]: 1 for rows, 0 for padding
  std::vector<Index> lengths;  ///< of each sequence
};

namespace detail {
/// The two first axes of a padded tensor, and the place of a row in it.
struct PaddedRows {
  Index sequences, time;
  bool batch_first;

  PaddedRows(const char* op, const Shape& shape, bool first);
  PaddedRows(Index count, Index steps, bool first) : sequences(count), time(steps), batch_first(first) {}
  [[nodiscard]] Index row(Index sequence, Index step) const {
    return batch_first ? sequence * time + step : step * sequences + sequence;
  }
  [[nodiscard]] Index rows() const { return sequences * time; }
  [[nodiscard]] Shape axes() const { return batch_first ? Shape{sequences, time} : Shape{time, sequences}; }
};
/// The shape with its first `axes` axes replaced by those of `front`.
Shape replace_axes(const Shape& shape, int axes, const Shape& front);
std::vector<std::int32_t> row_ids(const char* op, const std::vector<Index>& rows, Index of);

/// Row i of the result is row rows[i] of `from`, or `padding` where that is -1. `shape` has as many rows.
template <Element T>
Tensor<T> take_rows(const char*, const Tensor<T>& from, const std::vector<Index>& rows, Index,
                    const Shape& shape, T padding) {
  const Tensor<T> here = from.to(Device::cpu());
  auto made = Tensor<T>::uninitialized(shape);
  const Index width = rows.empty() ? 0 : made.size() / std::ssize(rows);
  T* to = made.mutable_view().data;
  for (const Index row : rows) {
    if (row < 0) std::fill_n(to, width, padding);
    else std::copy_n(here.view().data + row * width, width, to);
    to += width;
  }
  return made.to(from.device());
}
template <Real T>
Variable<T> take_rows(const char* op, const Variable<T>& from, const std::vector<Index>& rows, Index count,
                      const Shape& shape, T padding) {
  const Device device = from.device();
  const auto& all = kernels(op, from.value());
  const auto chosen = row_ids(op, rows, std::max(count, std::ssize(rows)));
  const auto ids = Tensor<std::int32_t>::from(chosen, {std::ssize(rows)}, device);
  const Index width = count > 0 ? from.value().size() / count : 0;
  const Shape table{count, width};
  auto made = Tensor<T>::uninitialized({std::ssize(rows), width}, device);
  all.nn.gather_rows(from.value().reshape(table).view(), ids.view(), -1, {}, made.mutable_view());
  if (padding != T(0)) {
    std::vector<std::int32_t> padded;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      if (chosen[i] < 0) padded.push_back(static_cast<std::int32_t>(i));
    const auto where = Tensor<std::int32_t>::from(padded, {std::ssize(padded)}, device);
    auto values = Tensor<T>::uninitialized({std::ssize(padded), width}, device);
    all.tensor.fill(padding, values.mutable_view());
    all.nn.scatter_add_rows(values.view(), where.view(), ignore_none, made.mutable_view());
  }
  return record(op, made.reshape(shape), {from}, reads(ids), [&all, ids, table](auto d_y, auto d_x) {
    if (!d_x[0].needed()) return;
    const View<T> d_table{d_x[0].view().data, table};
    const Tensor<T> d_rows = d_y[0].reshape({ids.size(), table[1]});
    all.nn.scatter_add_rows(d_rows.view(), ids.view(), -1, d_table);
  });
}

template <class Values>
concept TensorOrVariable = requires(const Values& values) {
  values.is_absent();
  values.view();
};
template <TensorOrVariable Values>
using ElementOf = std::remove_cvref_t<decltype(*std::declval<const Values&>().view().data)>;

template <TensorOrVariable Values>
Ragged<Values> from_padded(const Values& padded, const PaddedRows& at, const std::vector<Index>& rows,
                           std::span<const Index> lengths) {
  const Shape shape = replace_axes(padded.shape(), 2, {std::ssize(rows)});
  return make_ragged(take_rows("from_padded", padded, rows, at.rows(), shape, ElementOf<Values>(0)), lengths);
}
/// The number as an element. Throws ValueError for one that an integer cannot be.
template <Element T>
T padding_element(double value) {
  if constexpr (Integer<T>) {
    constexpr double limit = 9e15;  // all integers below are exact as double
    const bool fits = std::abs(value) < limit && (sizeof(T) == 8 || std::abs(value) < 2147483648.0);
    if (!fits || value != std::trunc(value))
      fail<ValueError>("to_padded: value ", value, ", expected a whole number of type ", element_name<T>);
  }
  return static_cast<T>(value);
}
}  // namespace detail

/// The rows of a padded tensor without the padding, as a ragged batch. padded [sequences, time, ...], or
/// [time, sequences, ...] with `.batch_first = false`; sequence s has the first lengths[s] time steps. Values
/// of the result: [rows, ...], a copy. Differentiable for a Variable: padding gets no gradient. A Tensor on a
/// GPU goes through the host's memory; a Variable does not.
///
/// Throws ShapeError if the shape does not match the number of lengths, or a length is not 1 to `time`.
///
///     const auto x = ops::from_padded(padded, lengths);  // padded [8, 20, 3]; x.values [rows, 3]
template <detail::TensorOrVariable Values>
[[nodiscard]] Ragged<Values> from_padded(const Values& padded, std::span<const Index> lengths,
                                         PaddingOptions options = {}) {
  detail::require("from_padded", "the input", padded);
  const detail::PaddedRows at("from_padded", padded.shape(), options.batch_first);
  if (std::ssize(lengths) != at.sequences)
    fail<ShapeError>("from_padded: ", lengths.size(), " lengths for shape ", padded.shape(), ", expected ",
                     at.sequences);
  std::vector<Index> rows;
  for (Index sequence = 0; sequence < at.sequences; ++sequence) {
    const Index length = lengths[static_cast<std::size_t>(sequence)];
    if (length < 1 || length > at.time)
      fail<ShapeError>("from_padded: sequence ", sequence, " has length ", length, ", expected 1 to ",
                       at.time);
    for (Index step = 0; step < length; ++step) rows.push_back(at.row(sequence, step));
  }
  return detail::from_padded(padded, at, rows, lengths);
}
template <detail::TensorOrVariable Values>
[[nodiscard]] Ragged<Values> from_padded(const Values& padded, std::initializer_list<Index> lengths,
                                         PaddingOptions options = {}) {
  return from_padded(padded, std::span<const Index>(lengths.begin(), lengths.size()), options);
}
/// With a mask [sequences, time] or [time, sequences], as the padded tensor: 1 for rows, 0 for padding. The
/// padding may be before the rows, after or between them. Throws ShapeError if the shapes do not match or a
/// sequence has no row, and ValueError for other numbers in the mask.
template <detail::TensorOrVariable Values>
[[nodiscard]] Ragged<Values> from_padded(const Values& padded, const Tensor<std::int32_t>& mask,
                                         PaddingOptions options = {}) {
  detail::require("from_padded", "the input", padded);
  detail::require("from_padded", "the mask", mask);
  const detail::PaddedRows at("from_padded", padded.shape(), options.batch_first);
  if (mask.shape() != at.axes())
    fail<ShapeError>("from_padded: mask ", mask.shape(), " for shape ", padded.shape(), ", expected ",
                     at.axes());
  const Tensor<std::int32_t> here = mask.to(Device::cpu());
  std::vector<Index> rows, lengths;
  for (Index sequence = 0; sequence < at.sequences; ++sequence) {
    lengths.push_back(0);
    for (Index step = 0; step < at.time; ++step) {
      const Index row = at.row(sequence, step);
      const std::int32_t keep = here.values()[static_cast<std::size_t>(row)];
      if (keep != 0 && keep != 1) fail<ValueError>("from_padded: ", keep, " in the mask, expected 0 or 1");
      if (keep) rows.push_back(row), ++lengths.back();
    }
    if (lengths.back() == 0)
      fail<ShapeError>("from_padded: the mask leaves no row of sequence ", sequence, ", expected at least 1");
  }
  return detail::from_padded(padded, at, rows, lengths);
}
/// Without lengths: all sequences have all time steps.
template <detail::TensorOrVariable Values>
[[nodiscard]] Ragged<Values> from_padded(const Values& padded, PaddingOptions options = {}) {
  detail::require("from_padded", "the input", padded);
  const detail::PaddedRows at("from_padded", padded.shape(), options.batch_first);
  return from_padded(padded, std::vector<Index>(static_cast<std::size_t>(at.sequences), at.time), options);
}

/// A ragged batch as a padded tensor: x.values [rows, ...], result [sequences, time, ...], or [time,
/// sequences, ...] with `.batch_first = false`. Padding has `options.value` and, for a Variable, passes no
/// gradient. A Tensor on a GPU goes through the host's memory; a Variable does not.
///
/// Throws ShapeError if the values are not the rows of the layout, or if `options.time_steps` is neither 0
/// nor at least the length of the longest sequence.
///
///     const auto padded = ops::to_padded(x);  // padded.values, padded.mask, padded.lengths
template <detail::TensorOrVariable Values>
[[nodiscard]] Padded<Values> to_padded(const Ragged<Values>& x, PaddingOptions options = {}) {
  using T = detail::ElementOf<Values>;
  const T padding = detail::padding_element<T>(options.value);
  detail::require("to_padded", "the input", x.values);
  const Shape& shape = x.values.shape();
  if (!x.layout || shape.rank() == 0 || shape.rows() != x.layout->rows())
    fail<ShapeError>("to_padded: values ", shape, " for sequences of ", x.layout ? x.layout->rows() : 0,
                     " rows");
  const Index longest = x.layout->time_steps();
  if (options.time_steps != 0 && options.time_steps < longest)
    fail<ShapeError>("to_padded: ", options.time_steps, " time steps, but the longest sequence has ", longest,
                     "; expected 0 or at least that");
  const detail::PaddedRows at(x.sequences(), std::max(options.time_steps, longest), options.batch_first);
  const Shape padded_shape = detail::replace_axes(shape, 1, at.axes());
  std::vector<Index> rows(static_cast<std::size_t>(at.rows()), -1);
  std::vector<std::int32_t> mask(rows.size(), 0);
  std::vector<Index> lengths;
  for (Index sequence = 0; sequence < at.sequences; ++sequence) {
    lengths.push_back(x.layout->length(sequence));
    for (Index step = 0; step < lengths.back(); ++step) {
      const auto row = static_cast<std::size_t>(at.row(sequence, step));
      rows[row] = x.layout->begin(sequence) + step;
      mask[row] = 1;
    }
  }
  auto values = detail::take_rows("to_padded", x.values, rows, shape.rows(), padded_shape, padding);
  return {std::move(values), Tensor<std::int32_t>::from(mask, at.axes(), x.values.device()),
          std::move(lengths)};
}

}  // namespace lstmlib::ops

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/padding.inl"
#endif
