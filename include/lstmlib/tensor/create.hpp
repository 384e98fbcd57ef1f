// SPDX-License-Identifier: MIT
#pragma once
// New tensors: constants, ranges, and random numbers, which are equal on every device.

#include "lstmlib/tensor/random.hpp"
#include "lstmlib/tensor/tensor.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI {

namespace detail {
/// Element i is make(i).
template <Element T, class Make>
Tensor<T> filled(const Shape& shape, Device device, Make make) {
  auto made = Tensor<T>::uninitialized(shape);
  const auto values = made.mutable_values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(make(i));
  return made.to(device);
}
/// Number `position` of a stream, uniform in [0, 1) with 53 random bits. Uses two words of the stream.
inline double uniform_double(math::RandomKey key, std::uint64_t position) {
  const std::uint64_t high = math::random_word(key, 2 * position) >> 5;
  const std::uint64_t low = math::random_word(key, 2 * position + 1) >> 6;
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}
}  // namespace detail

/// A tensor whose elements are all `value`. Like Tensor::zeros, the functions of this file throw ShapeError
/// if the shape is too large.
template <Element T>
[[nodiscard]] Tensor<T> full(const Shape& shape, std::type_identity_t<T> value,
                             Device device = Device::cpu()) {
  return detail::filled<T>(shape, device, [value](std::size_t) { return value; });
}
template <Element T>
[[nodiscard]] Tensor<T> ones(const Shape& shape, Device device = Device::cpu()) {
  return full<T>(shape, T(1), device);
}
/// The numbers from `start` to below `stop` (above it, if `step` is negative). Throws ValueError for a step
/// of 0, and if a number is NaN or infinite.
///
///     arange<float>(0, 5);        // [0. 1. 2. 3. 4.]
///     arange<float>(0, 1, 0.25);  // [0.   0.25 0.5  0.75]
template <Element T>
[[nodiscard]] Tensor<T> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop,
                               std::type_identity_t<T> step = 1, Device device = Device::cpu()) {
  const auto first = static_cast<double>(start), by = static_cast<double>(step);
  const double count = std::ceil((static_cast<double>(stop) - first) / by);
  if (!std::isfinite(first) || !std::isfinite(by) || !std::isfinite(count) || count > 0x1p53)
    fail<ValueError>("arange: ", start, " to ", stop, " by ", step, ", expected finite numbers and a step");
  const Shape shape{static_cast<Index>(count > 0 ? count : 0)};
  return detail::filled<T>(shape, device,
                           [start, step](std::size_t i) { return start + static_cast<T>(i) * step; });
}
/// The identity matrix [size, size]. Throws ShapeError for a negative size.
template <Element T>
[[nodiscard]] Tensor<T> eye(Index size, Device device = Device::cpu()) {
  const Shape shape{size, size};
  const auto row = static_cast<std::size_t>(size);
  return detail::filled<T>(shape, device, [row](std::size_t i) { return i / row == i % row ? T(1) : T(0); });
}

/// Random numbers come from the thread's random state: see set_seed(). They depend on the seed and the number
/// of draws before, not on the device.
struct NormalOptions {
  double mean = 0, deviation = 1;
};
/// Normal numbers. Throws ValueError if the mean is not finite, or the deviation not a finite number of at
/// least 0.
template <Real T>
[[nodiscard]] Tensor<T> random_normal(const Shape& shape, NormalOptions options = {},
                                      Device device = Device::cpu()) {
  if (!std::isfinite(options.mean) || !std::isfinite(options.deviation) || options.deviation < 0)
    fail<ValueError>("random_normal: mean ", options.mean, " and deviation ", options.deviation,
                     ", expected finite numbers, and a deviation of at least 0");
  const math::RandomKey key = next_random_key();
  return detail::filled<T>(shape, device, [key, options](std::size_t i) {  // [Box and Muller 1958]
    const double radius = std::sqrt(-2 * std::log(1 - detail::uniform_double(key, 2 * i)));
    const double angle = 2 * std::numbers::pi * detail::uniform_double(key, 2 * i + 1);
    return options.mean + options.deviation * radius * std::cos(angle);
  });
}
/// Uniform numbers in [low, high). Throws ValueError unless they are finite and in rising order.
template <Real T>
[[nodiscard]] Tensor<T> random_uniform(const Shape& shape, double low = 0, double high = 1,
                                       Device device = Device::cpu()) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    fail<ValueError>("random_uniform: ", low, " to ", high, ", expected finite numbers in rising order");
  const math::RandomKey key = next_random_key();
  return detail::filled<T>(shape, device, [=](std::size_t i) {
    const auto x = static_cast<T>(low + (high - low) * detail::uniform_double(key, i));
    // Rounding to a float must not give `high`.
    return x < high || low == high ? x : std::nextafter(static_cast<T>(high), static_cast<T>(low));
  });
}
/// Uniform integers from `low` to `high` - 1. Throws ValueError if there are none.
template <Integer T>
[[nodiscard]] Tensor<T> random_integers(const Shape& shape, std::type_identity_t<T> low,
                                        std::type_identity_t<T> high, Device device = Device::cpu()) {
  if (low >= high)
    fail<ValueError>("random_integers: ", low, " to ", high, " - 1, expected at least one number");
  const math::RandomKey key = next_random_key();
  const auto count = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return detail::filled<T>(shape, device, [=](std::size_t i) {
    const std::uint64_t word =
        std::uint64_t{math::random_word(key, 2 * i)} << 32 | math::random_word(key, 2 * i + 1);
    // The upper half of word * count: even to within count / 2^64.
    __extension__ typedef unsigned __int128 Wide;
    const auto offset = static_cast<std::uint64_t>((Wide{word} * count) >> 64);
    return static_cast<T>(static_cast<std::uint64_t>(low) + offset);
  });
}
/// The numbers 0 to `count` - 1 in random order. Throws ValueError for a negative count or one above 2^31 -
/// 1.
[[nodiscard]] Tensor<std::int32_t> random_permutation(Index count, Device device = Device::cpu());

}  // namespace lstmlib

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/tensor/create.inl"
#endif
