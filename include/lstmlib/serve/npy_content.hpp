// SPDX-License-Identifier: MIT
#pragma once
// Numeric bodies: conversion between application/x-npy and tensors.

#include "lstmlib/autograd/variable.hpp"
#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/serve/message.hpp"
#include "lstmlib/tensor/tensor.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

inline constexpr std::string_view npy_types[] = {"application/x-npy"};

/// Parses an .npy file of real numbers of any type. Throws HttpError 400 for anything else, including pickled
/// objects.
inline Tensor<float> read_npy_tensor(std::string_view body) {
  try {
    io::MemorySource head(std::as_bytes(std::span(body)), "body");
    if (io::read_npy_header(head).layout.dtype == io::ArrayDtype::object)
      throw HttpError(400, "body: an array of objects, expected numbers");
    const io::Array array = io::parse_npy(std::as_bytes(std::span(body)), "body");
    return Tensor<float>::from(array.as_numbers<float>(), Shape(std::span<const Index>(array.shape)));
  } catch (const HttpError&) { throw; } catch (const Error& error) {
    throw HttpError(400, error.what());
  }
}

/// Writes an .npy file of float32.
inline Content write_npy_tensor(const Tensor<float>& tensor) {
  const Tensor<float> host = tensor.to(Device::cpu());
  const auto sizes = tensor.shape().sizes();
  const auto array = io::Array::from(host.values(), {sizes.begin(), sizes.end()});
  const auto file = io::format_npy(array);
  return {std::string(npy_types[0]), std::string(io::as_text(file))};
}
inline Content write_npy_tensor(const Variable<float>& variable) {
  return write_npy_tensor(variable.value());
}

}  // namespace lstmlib::serve
