// SPDX-License-Identifier: MIT
#pragma once
// Parameters as passed to the kernels of optimizers.

#include "lstmlib/optim/parameter_list.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim::detail {

/// Throws ShapeError if a gradient does not match its parameter, and DeviceError if it is on another device.
template <Real T>
void check_gradient_of(const Entry<T>& entry) {
  const Variable<T>& parameter = entry.parameter;
  if (const SparseGradient<T>& part = parameter.sparse_grad()) {
    const Shape& shape = parameter.shape();
    if (!part.values || shape.rank() < 1 || part.indices.shape().rank() != 1 ||
        part.values.shape() != shape.with_rows(part.indices.size()))
      fail<ShapeError>("optimizer: the gradient of ", entry.names.front(), " ", shape, " has ids ",
                       part.indices.shape(), " and rows ", part.values.shape());
    kernels("optimizer", parameter.value(), part.values, part.indices);
  } else if (const Tensor<T>& whole = parameter.grad()) {
    if (whole.shape() != parameter.shape())
      fail<ShapeError>("optimizer: the gradient of ", entry.names.front(), " is ", whole.shape(),
                       ", expected ", parameter.shape());
    kernels("optimizer", parameter.value(), whole);
  }
}

template <Real T>
GradientView<T> gradient_view(const Variable<T>& parameter) {
  const SparseGradient<T>& part = parameter.sparse_grad();
  if (part) return {{}, part.indices.view(), part.values.view()};
  return {parameter.grad().view(), {}, {}};
}
/// The entries of a part that are not frozen.
template <Real T>
std::vector<Entry<T>*> trainable(std::vector<Entry<T>>& entries, std::size_t part) {
  std::vector<Entry<T>*> chosen;
  chosen.reserve(entries.size());
  for (auto& entry : entries)
    if (entry.part == part && !entry.is_frozen()) chosen.push_back(&entry);
  return chosen;
}
/// The parameters as passed to kernels. Throws DeviceError unless they are on one device.
template <Real T>
std::vector<UpdateItem<T>> items(std::span<Entry<T>* const> entries) {
  std::vector<UpdateItem<T>> all;
  all.reserve(entries.size());
  for (Entry<T>* entry : entries) {
    UpdateItem<T>& item = all.emplace_back();
    auto& value = entry->parameter.mutable_value();
    kernels("optimizer", entries.front()->parameter.value(), value);
    check_gradient_of(*entry);
    item.gradient = gradient_view(entry->parameter);
    item.value = value.mutable_view();
    for (std::size_t i = 0; i < entry->state.size() && i < item.state.size(); ++i)
      item.state[i] = entry->state[i].mutable_view();
  }
  return all;
}
template <Real T>
UpdateKernels<T>& update_kernels(std::span<Entry<T>* const> entries) {
  return kernels("optimizer", entries.front()->parameter.value()).update;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim::detail
