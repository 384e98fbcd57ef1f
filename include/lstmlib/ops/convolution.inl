// SPDX-License-Identifier: MIT
#pragma once
// Convolution. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/convolution.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::ops::detail {

LSTMLIB_INLINE Convolution2d convolution_geometry(const Shape& x, const Shape& weight,
                                                  const ConvolutionOptions& o) {
  if (x.rank() != 4 || weight.rank() != 4 || x[1] != weight[1] || weight[2] < 1 || weight[3] < 1)
    fail<ShapeError>("convolution_2d: input ", x, ", weight ", weight,
                     "; expected [images, channels, height, width] and "
                     "[filters, channels, height, width]");
  const auto check = [](const char* option, const std::array<Index, 2>& values, Index least) {
    for (const Index value : values)
      if (value < least || value > max_convolution_step)
        fail<ValueError>("convolution_2d: ", option, " is ", value, ", expected ", least, " to ",
                         max_convolution_step);
  };
  check("stride", o.stride, 1);
  check("padding", o.padding, 0);
  check("dilation", o.dilation, 1);
  if (std::max({x[2], x[3], weight[2], weight[3]}) > max_convolution_step)
    fail<ShapeError>("convolution_2d: input ", x, ", weight ", weight, "; images and kernels of at most ",
                     max_convolution_step, " a side");
  const Convolution2d c{x[1],        x[2],         x[3],         weight[2],     weight[3],    o.stride[0],
                        o.stride[1], o.padding[0], o.padding[1], o.dilation[0], o.dilation[1]};
  if (c.height + 2 * c.pad_height <= c.dilate_height * (c.kernel_height - 1) ||
      c.width + 2 * c.pad_width <= c.dilate_width * (c.kernel_width - 1))
    fail<ShapeError>("convolution_2d: weight ", weight, " is larger than the padded input ", x);
  return c;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops::detail
