// SPDX-License-Identifier: MIT
#pragma once
// Convolutions (cross-correlations) over ragged batches and over images.

#include "lstmlib/ops/shape.hpp"

#include <algorithm>
#include <array>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Convolution over time with stride 1, and window - 1 rows of zeros before and after each sequence. x.values
/// [rows, features], weight [filters, features, window, 1]. A sequence of n rows becomes n + window - 1 rows
/// [.., filters]. Throws ShapeError if the shapes do not match.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> convolution_over_time(const Ragged<Variable<T>>& x,
                                                        const Variable<T>& weight) {
  detail::require_rows("convolution_over_time", x);
  detail::require("convolution_over_time", "the weight", weight);
  const Shape& w = weight.shape();
  if (w.rank() != 4 || w[3] != 1 || w[2] < 1 || w[1] != x.values.shape()[1])
    fail<ShapeError>("convolution_over_time: input ", x.values.shape(), ", weight ", w,
                     "; expected [filters, features, window, 1]");
  const auto& all = kernels("convolution_over_time", x.values.value(), weight.value());
  const Index window = w[2];
  std::vector<Index> lengths;
  for (Index s = 0; s < x.sequences(); ++s) lengths.push_back(x.layout->length(s) + window - 1);
  auto windows = std::make_shared<const SequenceLayout>(lengths);

  const Device device = x.values.device();
  auto columns = Tensor<T>::uninitialized({windows->rows(), w[1] * window}, device);
  all.nn.unfold_time(*x.layout, window, x.values.view(), columns.mutable_view());
  auto y = Tensor<T>::uninitialized({windows->rows(), w[0]}, device);
  all.tensor.gemm(columns.view(), transposed(weight.view()), y.mutable_view(), OutputMode::overwrite);
  auto rows = record(
      "convolution_over_time", y, {x.values, weight}, reads(weight.value()),
      [&all, layout = x.layout, window, columns, weight = weight.value()](auto d_y, auto d) {
        all.tensor.gemm(transposed(d_y[0].view()), columns.view(), d[1].view(), OutputMode::accumulate);
        if (!d[0].needed()) return;
        auto d_columns = Tensor<T>::uninitialized(columns.shape(), columns.device());
        all.tensor.gemm(d_y[0].view(), weight.view(), d_columns.mutable_view(), OutputMode::overwrite);
        all.nn.unfold_time_backward(*layout, window, d_columns.view(), d[0].view());
      });
  return {std::move(rows), std::move(windows)};
}

/// Options of convolution_2d, each for height and width.
struct ConvolutionOptions {
  std::array<Index, 2> stride{1, 1};    ///< step between output positions
  std::array<Index, 2> padding{0, 0};   ///< zeros around the image
  std::array<Index, 2> dilation{1, 1};  ///< distance between kernel positions
};

namespace detail {
/// Strides, pads and sizes up to this cannot overflow an Index.
inline constexpr Index max_convolution_step = Index{1} << 24;

Convolution2d convolution_geometry(const Shape& x, const Shape& weight, const ConvolutionOptions& o);
}  // namespace detail

/// Two-dimensional convolution. x [images, channels, height, width]; weight [filters, channels, kernel
/// height, kernel width]; bias [filters] or absent; result [images, filters, out height, out width]. Throws
/// ShapeError if the shapes do not match, and ValueError for an option out of range.
template <Real T>
[[nodiscard]] Variable<T> convolution_2d(const Variable<T>& x, const Variable<T>& weight,
                                         const Variable<T>& bias = {},
                                         const ConvolutionOptions& options = {}) {
  detail::require("convolution_2d", "the input", x);
  detail::require("convolution_2d", "the weight", weight);
  const Convolution2d c = detail::convolution_geometry(x.shape(), weight.shape(), options);
  if (bias && bias.shape() != Shape{weight.shape()[0]})
    fail<ShapeError>("convolution_2d: bias ", bias.shape(), " for weight ", weight.shape(), ", expected [",
                     weight.shape()[0], "]");
  const auto& all = kernels("convolution_2d", x.value(), weight.value(), bias.value());
  const Index filters = weight.shape()[0], places = c.out_height() * c.out_width();
  auto y = Tensor<T>::uninitialized({x.shape()[0], filters, c.out_height(), c.out_width()}, x.device());
  auto columns = Tensor<T>::uninitialized({places, c.column_size()}, x.device());
  auto spread = Tensor<T>::zeros({places, filters}, x.device());  // the bias at each position
  all.tensor.add_bias(bias.view(), spread.mutable_view());
  const auto image = [](auto& images, Index i, Shape shape) { return images.rows(i, 1).reshape(shape); };
  for (Index i = 0; i < x.shape()[0]; ++i) {
    all.nn.unfold_image(c, image(x.value(), i, {c.channels, c.height, c.width}).view(),
                        columns.mutable_view());
    auto out = image(y, i, {filters, places});
    all.tensor.transpose(spread.view(), out.mutable_view(), OutputMode::overwrite);
    all.tensor.gemm(weight.view(), transposed(columns.view()), out.mutable_view(), OutputMode::accumulate);
  }
  return record("convolution_2d", y, {x, weight, bias}, reads(x.value(), weight.value()),
                [&all, c, filters, places, image, x = x.value(), weight = weight.value()](auto d_y, auto d) {
                  auto unfolded = Tensor<T>::uninitialized({places, c.column_size()}, x.device());
                  auto d_columns = Tensor<T>::uninitialized(unfolded.shape(), x.device());
                  auto d_places = Tensor<T>::uninitialized({places, filters}, x.device());
                  const View<T> d_x = d[0].view();
                  for (Index i = 0; i < x.shape()[0]; ++i) {
                    const Tensor<T> d_out = image(d_y[0], i, {filters, places});
                    all.tensor.transpose(d_out.view(), d_places.mutable_view(), OutputMode::overwrite);
                    all.tensor.sum_rows(d_places.view(), d[2].view());
                    all.nn.unfold_image(c, image(x, i, {c.channels, c.height, c.width}).view(),
                                        unfolded.mutable_view());
                    all.tensor.gemm(d_out.view(), unfolded.view(), d[1].view(), OutputMode::accumulate);
                    if (!d_x) continue;
                    all.tensor.gemm(transposed(d_out.view()), weight.view(), d_columns.mutable_view(),
                                    OutputMode::overwrite);
                    const Shape one{c.channels, c.height, c.width};
                    all.nn.unfold_image_backward(c, d_columns.view(), {d_x.data + i * one.elements(), one});
                  }
                });
}

}  // namespace lstmlib::ops

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/convolution.inl"
#endif
