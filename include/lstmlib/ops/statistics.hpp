// SPDX-License-Identifier: MIT
#pragma once
// Reductions besides sum, mean and maximum: minimum, variance, norms, log-sum-exp, and cumulative sums.

#include "lstmlib/ops/elementwise.hpp"
#include "lstmlib/ops/reduce.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Minimum over `axes`, like max(): NaN if any element is NaN, and every element equal to the minimum gets
/// the whole gradient.
template <Real T>
[[nodiscard]] Variable<T> min(const Variable<T>& x, const Axes& axes = {}, ReduceOptions options = {}) {
  return detail::over_axes(
      "min", x, axes, options, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
        if (along.size == 0) fail<ShapeError>("min: nothing to reduce in shape ", in.shape());
        const ArrayCall call = detail::array_call("min", in.value());
        auto y = Tensor<T>::uninitialized(shape, in.device());
        call.template reduce<math::Reduction::min, T>(along, T(1), in.view(), {}, y.mutable_view());
        return record("min", y, {in}, [call, along, x = in.value(), y](auto d_y, auto d_x) {
          call.template reduce_backward<math::Reduction::min, T>(along, T(1), x.view(), y.view(),
                                                                 d_y[0].view(), d_x[0].view());
        });
      });
}

/// `correction`: what is subtracted from the number of elements. 1 is for samples, 0 for whole populations.
struct VarianceOptions {
  Index correction = 1;
  bool keepdim = false;
};
/// Variance over `axes`: the sum of squared distances from the mean, divided by the number of elements minus
/// the correction. Throws ShapeError unless there are more elements than that.
template <Real T>
[[nodiscard]] Variable<T> variance(const Variable<T>& x, const Axes& axes = {},
                                   VarianceOptions options = {}) {
  if (options.correction < 0)
    fail<ValueError>("variance: correction ", options.correction, ", expected at least 0");
  return detail::over_axes(
      "variance", x, axes, {options.keepdim}, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
        if (along.size <= options.correction)
          fail<ShapeError>("variance: ", along.size, " elements of shape ", in.shape(), " with correction ",
                           options.correction, ", expected more");
        const ArrayCall call = detail::array_call("variance", in.value());
        auto centre = Tensor<T>::uninitialized(shape, in.device());
        kernels("variance", in.value())
            .tensor.sum(along, T(1) / static_cast<T>(along.size), in.view(), centre.mutable_view());
        const T factor = T(1) / static_cast<T>(along.size - options.correction);
        auto y = Tensor<T>::uninitialized(shape, in.device());
        call.template reduce<math::Reduction::sum_squares, T>(along, factor, in.view(), centre.view(),
                                                              y.mutable_view());
        // The mean has no part in the gradient: the distances from it sum to 0.
        return record("variance", y, {in}, reads(in.value()),
                      [call, along, factor, x = in.value(), centre](auto d_y, auto d_x) {
                        call.template reduce_backward<math::Reduction::sum_squares, T>(
                            along, factor, x.view(), centre.view(), d_y[0].view(), d_x[0].view());
                      });
      });
}
/// Square root of variance(). The gradient is infinite or NaN where all elements are equal.
template <Real T>
[[nodiscard]] Variable<T> standard_deviation(const Variable<T>& x, const Axes& axes = {},
                                             VarianceOptions options = {}) {
  detail::require("standard_deviation", "the input", x);
  return sqrt(variance(x, axes, options));
}

/// `order` 1: sum of absolute values; 2: square root of the sum of squares.
struct NormOptions {
  int order = 2;
  bool keepdim = false;
};
/// Norm over `axes`. The gradient of a norm of 0 is 0. Throws ValueError for another order than 1 and 2.
template <Real T>
[[nodiscard]] Variable<T> norm(const Variable<T>& x, const Axes& axes = {}, NormOptions options = {}) {
  if (options.order != 1 && options.order != 2)
    fail<ValueError>("norm: order ", options.order, ", expected 1 or 2");
  return detail::over_axes(
      "norm", x, axes, {options.keepdim}, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
        const ArrayCall call = detail::array_call("norm", in.value());
        auto y = Tensor<T>::uninitialized(shape, in.device());
        if (options.order == 1) {
          call.template reduce<math::Reduction::sum_abs, T>(along, T(1), in.view(), {}, y.mutable_view());
          return record("norm", y, {in}, reads(in.value()),
                        [call, along, x = in.value()](auto d_y, auto d_x) {
                          call.template reduce_backward<math::Reduction::sum_abs, T>(
                              along, T(1), x.view(), {}, d_y[0].view(), d_x[0].view());
                        });
        }
        auto squares = Tensor<T>::uninitialized(shape, in.device());
        call.template reduce<math::Reduction::sum_squares, T>(along, T(1), in.view(), {},
                                                              squares.mutable_view());
        call.template unary<math::UnaryFunction::sqrt, T>({}, squares.view(), y.mutable_view());
        return record("norm", y, {in}, reads(in.value(), y),
                      [call, along, x = in.value(), y](auto d_y, auto d_x) {
                        if (!d_x[0].needed()) return;
                        // d_x += d_y / y * x; 0 where y is 0.
                        auto slope = Tensor<T>::uninitialized(y.shape(), y.device());
                        const Loops loops = broadcast_loops(y.shape(), {y.shape(), y.shape(), y.shape()});
                        call.template binary<math::BinaryFunction::divide, T>(
                            loops, {d_y[0].view().data}, {y.view().data}, slope.mutable_view().data);
                        auto safe = Tensor<T>::uninitialized(y.shape(), y.device());
                        call.template select<T>(broadcast_loops(y.shape(), {y.shape(), y.shape(), Shape()}),
                                                {y.view().data}, {slope.view().data}, {nullptr, T(0)},
                                                safe.mutable_view().data);
                        call.template reduce_backward<math::Reduction::sum_squares, T>(
                            along, T(0.5), x.view(), {}, safe.view(), d_x[0].view());
                      });
      });
}

/// log(sum(exp(x))) over `axes`, without overflow; -infinity if all elements are. Throws ShapeError if an
/// axis is empty.
template <Real T>
[[nodiscard]] Variable<T> logsumexp(const Variable<T>& x, const Axes& axes = {}, ReduceOptions options = {}) {
  return detail::over_axes(
      "logsumexp", x, axes, options, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
        if (along.size == 0) fail<ShapeError>("logsumexp: nothing to reduce in shape ", in.shape());
        const ArrayCall call = detail::array_call("logsumexp", in.value());
        auto& tensor_kernels = kernels("logsumexp", in.value()).tensor;
        auto largest = Tensor<T>::uninitialized(shape, in.device());
        tensor_kernels.max(along, in.view(), largest.mutable_view());
        auto sum = Tensor<T>::uninitialized(shape, in.device());
        call.template reduce<math::Reduction::sum_exp, T>(along, T(1), in.view(), largest.view(),
                                                          sum.mutable_view());
        auto y = Tensor<T>::uninitialized(shape, in.device());
        call.template unary<math::UnaryFunction::log, T>({}, sum.view(), y.mutable_view());
        // What reduction.inl did not subtract from x, as it is infinite, changes nothing here.
        tensor_kernels.add_scaled(T(1), largest.view(), y.mutable_view());
        return record("logsumexp", y, {in}, [call, along, x = in.value(), y](auto d_y, auto d_x) {
          call.template reduce_backward<math::Reduction::sum_exp, T>(along, T(1), x.view(), y.view(),
                                                                     d_y[0].view(), d_x[0].view());
        });
      });
}

/// The sum of all elements along `axis` up to each; the result has the shape of x.
template <Real T>
[[nodiscard]] Variable<T> cumsum(const Variable<T>& x, int axis) {
  detail::require("cumsum", "the input", x);
  const AxisView along(x.shape(), detail::checked_axis("cumsum", x.shape(), axis));
  const ArrayCall call = detail::array_call("cumsum", x.value());
  auto y = Tensor<T>::uninitialized(x.shape(), x.device());
  call.template cumulative_sum<T>(along, false, x.view(), y.mutable_view(), OutputMode::overwrite);
  return record("cumsum", y, {x}, reads(), [call, along](auto d_y, auto d_x) {
    call.template cumulative_sum<T>(along, true, d_y[0].view(), d_x[0].view(), OutputMode::accumulate);
  });
}

}  // namespace lstmlib::ops
