// SPDX-License-Identifier: MIT
#pragma once
// Tensors as Eigen's matrices: lstmlib::as_eigen(x) * 2. Nothing is copied.

#include "lstmlib/tensor/tensor.hpp"

#include <Eigen/Core>

namespace lstmlib::inline LSTMLIB_ABI {

/// What a tensor's rows are for Eigen: row-major, as they stand in memory.
template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace detail {
template <class T>
void require_host(const Tensor<T>& x) {
  if (!x) fail<ShapeError>("as_eigen: the tensor is absent");
  if (x.device() != Device::cpu()) fail<DeviceError>("as_eigen: the tensor is on ", x.device(), ", call to(Device::cpu()) first");
}
}  // namespace detail

/// The elements of a tensor on the CPU as a matrix [x.shape().rows(), x.shape().row_size()] to read. The map refers to
/// the tensor's memory, which must outlive it. Throws ShapeError for an absent tensor, DeviceError for one on a GPU.
template <class T>
[[nodiscard]] Eigen::Map<const EigenMatrix<T>> as_eigen(const Tensor<T>& x) {
  detail::require_host(x);
  return {x.view().data, x.shape().rows(), x.shape().row_size()};
}

/// The same to read and write. A handle that only reads throws, as mutable_view() does.
template <class T>
[[nodiscard]] Eigen::Map<EigenMatrix<T>> as_mutable_eigen(Tensor<T>& x) {
  detail::require_host(x);
  return {x.mutable_view().data, x.shape().rows(), x.shape().row_size()};
}

}  // namespace lstmlib
