// SPDX-License-Identifier: MIT
#pragma once
// Operations that move, repeat or leave out elements: axes in another order, slices, repeated axes.

#include "lstmlib/ops/axes.hpp"
#include "lstmlib/ops/broadcast.hpp"
#include "lstmlib/ops/shape.hpp"

#include <array>

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
using AxisSteps = std::array<Index, Shape::max_rank>;
/// The loops of a copy between an array of `shape`, contiguous, and elements with `steps`.
Loops copy_loops(const Shape& shape, const AxisSteps& steps, bool from_steps);
/// The elements of x at `first` and `steps`, in the shape of the result; the gradient goes back to them.
template <Real T>
Variable<T> strided(const char* op, const Variable<T>& x, const Shape& shape, Index first,
                    const AxisSteps& steps) {
  const ArrayCall call = array_call(op, x.value());
  auto y = Tensor<T>::uninitialized(shape, x.device());
  call.copy(copy_loops(shape, steps, true), x.view().data + first, y.mutable_view().data);
  return record(op, y, {x}, reads(), [call, shape, first, steps](auto d_y, auto d) {
    const View<T> d_x = d[0].view();
    if (d_x)
      call.copy(copy_loops(shape, steps, false), d_y[0].view().data, d_x.data + first,
                OutputMode::accumulate);
  });
}
Shape with_axis(const Shape& shape, int axis, Index size);
}  // namespace detail

/// The axes of x in another order: axis i of the result is axis axes[i] of x. Throws IndexError unless every
/// axis is named once.
///
///     ops::permute(x, {0, 2, 1});  // [2, 3, 4] to [2, 4, 3]
template <Real T>
[[nodiscard]] Variable<T> permute(const Variable<T>& x, const std::vector<int>& axes) {
  detail::require("permute", "the input", x);
  const Shape& shape = x.shape();
  (void)Axes(axes).of("permute", shape);
  if (static_cast<int>(axes.size()) != shape.rank())
    fail<IndexError>("permute: ", axes.size(), " axes for shape ", shape, ", expected all ", shape.rank());
  const auto own = row_major_steps(shape);
  detail::AxisSteps steps{};
  std::vector<Index> sizes;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = detail::checked_axis("permute", shape, axes[i]);
    sizes.push_back(shape[axis]);
    steps[i] = own[static_cast<std::size_t>(axis)];
  }
  return detail::strided("permute", x, Shape(sizes), 0, steps);
}
/// x with two axes exchanged. Negative axes count from the end. Throws IndexError if one does not exist.
template <Real T>
[[nodiscard]] Variable<T> transpose(const Variable<T>& x, int first, int second) {
  detail::require("transpose", "the input", x);
  first = detail::checked_axis("transpose", x.shape(), first);
  second = detail::checked_axis("transpose", x.shape(), second);
  std::vector<int> axes;
  for (int axis = 0; axis < x.shape().rank(); ++axis)
    axes.push_back(axis == first ? second : axis == second ? first : axis);
  return permute(x, axes);
}

/// Elements `start` to `stop` - 1 along `axis`. Negative positions count from the end. Throws IndexError if
/// they are out of range or `start` is behind `stop`.
///
///     ops::slice(x, 1, 2, 5);  // [4, 9] to [4, 3]: columns 2, 3 and 4, as x[:, 2:5] in NumPy
template <Real T>
[[nodiscard]] Variable<T> slice(const Variable<T>& x, int axis, Index start, Index stop) {
  detail::require("slice", "the input", x);
  axis = detail::checked_axis("slice", x.shape(), axis);
  const Index size = x.shape()[axis];
  const Index first = start < 0 ? start + size : start, last = stop < 0 ? stop + size : stop;
  if (first < 0 || last > size || first > last)
    fail<IndexError>("slice: ", start, " to ", stop, " of axis ", axis, " of shape ", x.shape());
  const auto steps = row_major_steps(x.shape());
  return detail::strided("slice", x, detail::with_axis(x.shape(), axis, last - first),
                         first * steps[static_cast<std::size_t>(axis)], steps);
}
/// Elements from `start` on along `axis`.
template <Real T>
[[nodiscard]] Variable<T> slice(const Variable<T>& x, int axis, Index start) {
  detail::require("slice", "the input", x);
  return slice(x, axis, start, x.shape()[detail::checked_axis("slice", x.shape(), axis)]);
}
/// Element `index` along `axis`, which the result no longer has. Throws IndexError if out of range.
template <Real T>
[[nodiscard]] Variable<T> select(const Variable<T>& x, int axis, Index index) {
  detail::require("select", "the input", x);
  axis = detail::checked_axis("select", x.shape(), axis);
  const Index size = x.shape()[axis], first = index < 0 ? index + size : index;
  if (first < 0 || first >= size)
    fail<IndexError>("select: index ", index, " of axis ", axis, " of shape ", x.shape());
  const auto steps = row_major_steps(x.shape());
  detail::AxisSteps left{};
  for (int from = 0, to = 0; from < x.shape().rank(); ++from)
    if (from != axis) left[static_cast<std::size_t>(to++)] = steps[static_cast<std::size_t>(from)];
  return detail::strided("select", x, detail::without_axis(x.shape(), axis),
                         first * steps[static_cast<std::size_t>(axis)], left);
}

/// x repeated to `shape` along axes of size 1 and new axes in front. Throws ShapeError if x does not
/// broadcast to it.
template <Real T>
[[nodiscard]] Variable<T> broadcast_to(const Variable<T>& x, const Shape& shape) {
  detail::require("broadcast_to", "the input", x);
  if (broadcast_shape("broadcast_to", x.shape(), shape) != shape)
    fail<ShapeError>("broadcast_to: ", x.shape(), " to ", shape, ", which has less axes or elements");
  const ArrayCall call = detail::array_call("broadcast_to", x.value());
  auto y = Tensor<T>::uninitialized(shape, x.device());
  const Loops found = broadcast_loops(shape, {x.shape(), shape});
  call.copy(found, x.view().data, y.mutable_view().data);
  return record("broadcast_to", y, {x}, reads(), [](auto d_y, auto d) {
    const View<T> d_x = d[0].view();
    if (d_x) detail::add_summed("broadcast_to", d_y[0], d_x);
  });
}

/// x without axes of size 1: `axis`, or all of them. Throws IndexError if the axis does not exist, ShapeError
/// if its size is not 1.
template <Real T>
[[nodiscard]] Variable<T> squeeze(const Variable<T>& x, int axis) {
  detail::require("squeeze", "the input", x);
  axis = detail::checked_axis("squeeze", x.shape(), axis);
  if (x.shape()[axis] != 1)
    fail<ShapeError>("squeeze: axis ", axis, " of shape ", x.shape(), " has ", x.shape()[axis],
                     ", expected 1");
  return reshape(x, detail::without_axis(x.shape(), axis));
}
template <Real T>
[[nodiscard]] Variable<T> squeeze(const Variable<T>& x) {
  detail::require("squeeze", "the input", x);
  std::vector<Index> sizes;
  for (const Index size : x.shape().sizes())
    if (size != 1) sizes.push_back(size);
  return reshape(x, Shape(sizes));
}
/// x with a new axis of size 1 before `axis`; -1 appends it. Throws IndexError if there is no such place.
template <Real T>
[[nodiscard]] Variable<T> unsqueeze(const Variable<T>& x, int axis) {
  detail::require("unsqueeze", "the input", x);
  const int rank = x.shape().rank(), at = axis < 0 ? axis + rank + 1 : axis;
  if (at < 0 || at > rank) fail<IndexError>("unsqueeze: axis ", axis, " for shape ", x.shape());
  std::vector<Index> sizes(x.shape().sizes().begin(), x.shape().sizes().end());
  sizes.insert(sizes.begin() + at, 1);
  return reshape(x, Shape(sizes));
}

/// Joins parts along `axis`. All other sizes are equal. Throws ShapeError if they are not or if there are no
/// parts, and IndexError if the axis does not exist.
///
///     ops::concat<float>({x, y}, 0);  // [2, 3] and [4, 3] to [6, 3]
template <Real T>
[[nodiscard]] Variable<T> concat(const std::vector<Variable<T>>& parts, int axis) {
  if (parts.empty()) fail<ShapeError>("concat: no parts");
  detail::require("concat", "a part", parts[0]);
  const Shape& one = parts[0].shape();
  axis = detail::checked_axis("concat", one, axis);
  Index size = 0;
  for (const auto& part : parts) {
    detail::require("concat", "a part", part);
    if (part.shape().rank() != one.rank() ||
        detail::without_axis(part.shape(), axis) != detail::without_axis(one, axis))
      fail<ShapeError>("concat: parts ", one, " and ", part.shape(), " along axis ", axis,
                       ", expected all other sizes equal");
    (void)kernels("concat", parts[0].value(), part.value());
    size += part.shape()[axis];
  }
  const Shape shape = detail::with_axis(one, axis, size);
  auto y = Tensor<T>::uninitialized(shape, parts[0].device());
  const ArrayCall call = detail::array_call("concat", parts[0].value());
  const auto steps = row_major_steps(shape);
  Index at = 0;
  for (const auto& part : parts) {
    call.copy(detail::copy_loops(part.shape(), steps, false), part.view().data, y.mutable_view().data + at);
    at += part.shape()[axis] * steps[static_cast<std::size_t>(axis)];
  }
  return record("concat", y, parts, reads(), [call, steps, axis](auto d_y, auto d) {
    Index first = 0;
    for (auto& d_part : d) {
      const Shape& part = d_part.shape();
      const View<T> to = d_part.view();
      if (to)
        call.copy(detail::copy_loops(part, steps, true), d_y[0].view().data + first, to.data,
                  OutputMode::accumulate);
      first += part[axis] * steps[static_cast<std::size_t>(axis)];
    }
  });
}
/// Joins parts of one shape along a new axis before `axis`; -1 appends it. Throws like concat() and
/// unsqueeze().
template <Real T>
[[nodiscard]] Variable<T> stack(const std::vector<Variable<T>>& parts, int axis = 0) {
  if (parts.empty()) fail<ShapeError>("stack: no parts");
  detail::require("stack", "a part", parts[0]);
  const int rank = parts[0].shape().rank(), at = axis < 0 ? axis + rank + 1 : axis;
  if (at < 0 || at > rank) fail<IndexError>("stack: axis ", axis, " for parts ", parts[0].shape());
  std::vector<Variable<T>> rows;
  for (const auto& part : parts) {
    detail::require("stack", "a part", part);
    if (part.shape() != parts[0].shape())
      fail<ShapeError>("stack: parts ", parts[0].shape(), " and ", part.shape(), ", expected one shape");
    (void)kernels("stack", parts[0].value(), part.value());
    rows.push_back(unsqueeze(part, at));
  }
  return concat(rows, at);
}
/// Splits x along `axis` into parts of these sizes. Throws ShapeError if they do not add up to the axis.
template <Real T>
[[nodiscard]] std::vector<Variable<T>> split(const Variable<T>& x, std::span<const Index> sizes, int axis) {
  detail::require("split", "the input", x);
  axis = detail::checked_axis("split", x.shape(), axis);
  Index left = x.shape()[axis];
  for (const Index size : sizes) {
    if (size < 0 || size > left)
      fail<ShapeError>("split: a part of ", size, ", where ", left, " of axis ", axis, " of shape ",
                       x.shape(), " are left");
    left -= size;
  }
  if (left > 0)
    fail<ShapeError>("split: ", left, " of axis ", axis, " of shape ", x.shape(), " belong to no part");
  std::vector<Variable<T>> parts;
  Index at = 0;
  for (const Index size : sizes) {
    parts.push_back(slice(x, axis, at, at + size));
    at += size;
  }
  return parts;
}
/// Splits x along `axis` into `count` parts of equal size. Throws ShapeError if the axis cannot be divided
/// so.
template <Real T>
[[nodiscard]] std::vector<Variable<T>> chunk(const Variable<T>& x, Index count, int axis) {
  detail::require("chunk", "the input", x);
  axis = detail::checked_axis("chunk", x.shape(), axis);
  const Index size = x.shape()[axis];
  if (count < 1 || size % count != 0)
    fail<ShapeError>("chunk: ", count, " parts of axis ", axis, " of shape ", x.shape(),
                     ", expected a divisor");
  const std::vector<Index> sizes(static_cast<std::size_t>(count), size / count);
  return split(x, std::span<const Index>(sizes), axis);
}

}  // namespace lstmlib::ops

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/permute.inl"
#endif
