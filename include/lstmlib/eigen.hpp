// SPDX-License-Identifier: MIT
#pragma once
// Views of tensors as Eigen matrices, without a copy: `lstmlib::as_eigen(x) * 2`.

#include "lstmlib/tensor/tensor.hpp"

#include <Eigen/Core>

namespace lstmlib::inline LSTMLIB_ABI {

/// The Eigen type of a tensor's elements: a row-major matrix, like the tensor's memory.
template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace detail {
template <class T>
void require_host(const Tensor<T>& x) {
  if (!x) fail<ShapeError>("as_eigen: the tensor is absent");
  if (x.device() != Device::cpu())
    fail<DeviceError>("as_eigen: the tensor is on ", x.device(), ", call to(Device::cpu()) first");
}
}  // namespace detail

/// A read-only matrix [x.shape().rows(), x.shape().row_size()] of the tensor's elements. It refers to the
/// tensor's memory, which must outlive it. Throws ShapeError if the tensor is absent and DeviceError if it is
/// on a GPU.
template <class T>
[[nodiscard]] Eigen::Map<const EigenMatrix<T>> as_eigen(const Tensor<T>& x) {
  detail::require_host(x);
  return {x.view().data, x.shape().rows(), x.shape().row_size()};
}

/// Like as_eigen(), but writable. Throws Error if `x` is a read-only handle (see Tensor).
template <class T>
[[nodiscard]] Eigen::Map<EigenMatrix<T>> as_mutable_eigen(Tensor<T>& x) {
  detail::require_host(x);
  return {x.mutable_view().data, x.shape().rows(), x.shape().row_size()};
}

}  // namespace lstmlib
