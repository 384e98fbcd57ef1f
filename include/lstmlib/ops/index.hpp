// SPDX-License-Identifier: MIT
#pragma once
// Operations with indices: gather elements, and find the largest and smallest ones.

#include "lstmlib/ops/axes.hpp"
#include "lstmlib/ops/broadcast.hpp"
#include "lstmlib/ops/permute.hpp"

#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Positions of elements, such as argmax() gives: int32.
using Indices = Tensor<std::int32_t>;

namespace detail {
template <Real T>
Variable<T> gather(const GatherPlan& plan, const Variable<T>& x, const Indices& ids, const Shape& shape) {
  (void)kernels(plan.op, x.value(), ids);
  const ArrayCall call = array_call(plan.op, x.value());
  auto y = Tensor<T>::uninitialized(shape, x.device());
  call.template gather<T>(plan, ids.view(), x.view(), y.mutable_view());
  return record(plan.op, y, {x}, reads(ids), [call, plan, ids](auto d_y, auto d_x) {
    call.template scatter_add<T>(plan, ids.view(), d_y[0].view(), d_x[0].view());
  });
}
}  // namespace detail

/// The elements `ids` [count] along `axis`: rows of a matrix for axis 0. The result has `count` in place of
/// the axis. Ids may repeat. Throws ShapeError unless the ids have one axis, and IndexError for an id outside
/// the axis, on a GPU when it is next waited for. ops::embedding is the same for tables whose gradient shall
/// be sparse.
///
///     ops::index_select(x, 0, Indices::from({2, 0, 2}, {3}));  // [5, 4] to [3, 4]
template <Real T>
[[nodiscard]] Variable<T> index_select(const Variable<T>& x, int axis, const Indices& ids) {
  detail::require("index_select", "the input", x);
  detail::require("index_select", "the ids", ids);
  axis = detail::checked_axis("index_select", x.shape(), axis);
  if (ids.shape().rank() != 1) fail<ShapeError>("index_select: ids ", ids.shape(), ", expected [count]");
  return detail::gather({"index_select", AxisView(x.shape(), axis), ids.size(), true}, x, ids,
                        detail::with_axis(x.shape(), axis, ids.size()));
}
/// One element for each id: y[i, j] = x[ids[i, j], j] for axis 0, y[i, j] = x[i, ids[i, j]] for axis 1. The
/// ids have the sizes of x but for `axis`; the result has their shape. Throws like index_select().
template <Real T>
[[nodiscard]] Variable<T> gather(const Variable<T>& x, int axis, const Indices& ids) {
  detail::require("gather", "the input", x);
  detail::require("gather", "the ids", ids);
  axis = detail::checked_axis("gather", x.shape(), axis);
  if (ids.shape().rank() != x.shape().rank() ||
      detail::without_axis(ids.shape(), axis) != detail::without_axis(x.shape(), axis))
    fail<ShapeError>("gather: ids ", ids.shape(), " for shape ", x.shape(),
                     ", expected the same sizes but for axis ", axis);
  return detail::gather({"gather", AxisView(x.shape(), axis), ids.shape()[axis], false}, x, ids, ids.shape());
}

namespace detail {
template <Real T>
Indices arg_extreme(const char* op, const Variable<T>& x, int axis, bool keepdim, bool smallest) {
  require(op, "the input", x);
  axis = checked_axis(op, x.shape(), axis);
  const AxisView along(x.shape(), axis);
  if (along.size == 0) fail<ShapeError>(op, ": axis ", axis, " of shape ", x.shape(), " is empty");
  if (along.size > (std::numeric_limits<std::int32_t>::max)())
    fail<ShapeError>(op, ": axis ", axis, " of shape ", x.shape(), " is too long for int32 indices");
  const Shape shape = keepdim ? with_axis(x.shape(), axis, 1) : without_axis(x.shape(), axis);
  auto indices = Indices::uninitialized(shape, x.device());
  array_call(op, x.value()).template arg_extreme<T>(along, smallest, x.view(), indices.mutable_view());
  return indices;
}
}  // namespace detail

/// Position of the largest element along `axis`, of equal ones the first; of the first NaN, if there is one.
/// The result no longer has the axis, unless `keepdim` is set. Throws IndexError if the axis does not exist,
/// ShapeError if it is empty.
template <Real T>
[[nodiscard]] Indices argmax(const Variable<T>& x, int axis, ReduceOptions options = {}) {
  return detail::arg_extreme("argmax", x, axis, options.keepdim, false);
}
/// Position of the smallest element, like argmax().
template <Real T>
[[nodiscard]] Indices argmin(const Variable<T>& x, int axis, ReduceOptions options = {}) {
  return detail::arg_extreme("argmin", x, axis, options.keepdim, true);
}

/// What topk() returns; both have the shape of x with `count` along the axis.
template <Real T>
struct TopK {
  Variable<T> values;
  Indices indices;
};
/// `smallest`: the smallest elements in rising order instead.
struct TopKOptions {
  bool smallest = false;
};
/// The `count` largest elements along `axis`, in falling order, and their positions. NaN comes before all
/// numbers; of equal elements the first comes first. Throws IndexError if the axis does not exist, ShapeError
/// if it has fewer elements.
///
///     auto [values, indices] = ops::topk(scores, 3);  // [8, 100] to [8, 3] each
template <Real T>
[[nodiscard]] TopK<T> topk(const Variable<T>& x, Index count, int axis = -1, TopKOptions options = {}) {
  detail::require("topk", "the input", x);
  axis = detail::checked_axis("topk", x.shape(), axis);
  const AxisView along(x.shape(), axis);
  if (count < 0 || count > along.size || along.size > (std::numeric_limits<std::int32_t>::max)())
    fail<ShapeError>("topk: ", count, " of axis ", axis, " of shape ", x.shape());
  auto indices = Indices::uninitialized(detail::with_axis(x.shape(), axis, count), x.device());
  detail::array_call("topk", x.value())
      .template top_k<T>(along, count, options.smallest, x.view(), indices.mutable_view());
  return {detail::gather({"topk", along, count, false}, x, indices, indices.shape()), indices};
}

}  // namespace lstmlib::ops
