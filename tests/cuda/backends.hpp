// SPDX-License-Identifier: MIT
#pragma once
// What tests share that compare the CUDA part with the CPU.

#include "lstmlib/core.hpp"
#include "lstmlib/cuda.hpp"
#include "support.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace lstmlib::test {

/// The device on which the CUDA part runs in tests.
inline Device gpu() {
  static const bool installed = cuda::install();
  REQUIRE(installed);
  return Device::parse("cuda");
}

/// Reproducible values, of which none is close to 0.
template <Real T>
Tensor<T> values(const Shape& shape, std::uint64_t stream, Device device = Device::cpu()) {
  std::vector<T> made(static_cast<std::size_t>(shape.elements()));
  const auto key = math::random_key(7, 99, stream);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const float u = 2 * math::uniform(key, i) - 1;
    made[i] = static_cast<T>(u + (u < 0 ? -0.05f : 0.05f));
  }
  return Tensor<T>::from(made, shape, device);
}
template <Element T>
std::vector<T> elements(const Tensor<T>& tensor) {
  const Tensor<T> here = tensor.to(Device::cpu());
  const auto all = here.values();
  return {all.begin(), all.end()};
}

/// The largest difference, in units of the last place of the largest expected number (at least 1), of which
/// `places` are allowed. Sums in another order, and products that are added without being rounded first,
/// differ by a few. NaN differs from everything.
template <Real T>
void check_close(const Tensor<T>& ours, const Tensor<T>& expected, double places, const std::string& what) {
  const auto a = elements(ours), b = elements(expected);
  REQUIRE(a.size() == b.size());
  double largest = 1, worst = 0;
  for (const T x : b) largest = std::max(largest, std::fabs(static_cast<double>(x)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = difference <= worst ? worst : difference;
    if (std::isnan(difference)) worst = std::numeric_limits<double>::infinity();
  }
  INFO(what);
  CHECK(worst / (largest * static_cast<double>(std::numeric_limits<T>::epsilon())) <= places);
}
template <Element T>
void check_equal(const Tensor<T>& ours, const Tensor<T>& expected, const std::string& what) {
  INFO(what);
  CHECK(elements(ours) == elements(expected));
}

/// A scalar that depends on each element of x with a weight of its own.
template <Real T>
Variable<T> weighed(const Variable<T>& x) {
  return ops::sum(x * Variable<T>(values<T>(x.shape(), 1234, x.device())));
}

/// `function(inputs)` on both devices: results, and gradients of their weighed sum, agree. What it uses
/// besides its inputs is on their device: `inputs[0].device()`.
template <Real T, class Function>
void check_on_both(const std::string& what, const std::vector<Shape>& shapes, Function function,
                   double places = 8) {
  struct Run {
    Tensor<T> result;
    std::vector<Tensor<T>> gradients;
  };
  const auto run = [&](Device device) {
    std::vector<Variable<T>> inputs;
    for (std::size_t i = 0; i < shapes.size(); ++i)
      inputs.emplace_back(values<T>(shapes[i], i + 1, device), true);
    Variable<T> result = function(inputs);
    Run made{result.value(), {}};
    if (result.value().size() > 0) {
      weighed(result).backward();
      for (auto& input : inputs) made.gradients.push_back(input.grad());
    }
    return made;
  };
  const Run cpu = run(Device::cpu()), cuda = run(gpu());
  INFO(what);
  CAPTURE(shapes[0].rows());
  CAPTURE(shapes[0].row_size());
  CHECK(cuda.result.device() == gpu());
  check_close(cuda.result, cpu.result, places, "result");
  REQUIRE(cuda.gradients.size() == cpu.gradients.size());
  for (std::size_t i = 0; i < cpu.gradients.size(); ++i) {
    REQUIRE(static_cast<bool>(cuda.gradients[i]) == static_cast<bool>(cpu.gradients[i]));
    if (cpu.gradients[i]) check_close(cuda.gradients[i], cpu.gradients[i], places, "gradient");
  }
}

}  // namespace lstmlib::test
