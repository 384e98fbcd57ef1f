// SPDX-License-Identifier: MIT
#pragma once
// What tests of layers share: their numbers against PyTorch's (fixtures/make_layer_fixtures.py), and what every
// layer must do as a module.

#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"
#include "two_devices.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace lstmlib::test {

template <Real T>
const Variable<T>& values_of(const Variable<T>& result) {
  return result;
}
template <Real T>
const Variable<T>& values_of(const Ragged<Variable<T>>& result) {
  return result.values;
}

template <Real T>
void check_numbers(const std::string& what, const Tensor<T>& ours, const Tensor<double>& expected) {
  INFO(what);
  REQUIRE(ours.shape() == expected.shape());
  double worst = 0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const double b = expected.values()[i];
    const double error = std::abs(static_cast<double>(ours.values()[i]) - b) / (1 + std::abs(b));
    worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
  }
  CHECK(worst <= (std::is_same_v<T, float> ? 1e-5 : 1e-13));
}

class LayerFixtures {
 public:
  template <Element T>
  Tensor<T> tensor(const std::string& name) const {
    const io::Array& array = arrays_.at(name);
    return Tensor<T>::from(array.template as_numbers<T>(), Shape(std::span<const Index>(array.shape)));
  }
  /// The rows of a case, as sequences.
  template <Real T>
  Ragged<Variable<T>> rows(const std::string& name) const {
    const auto lengths = tensor<std::int64_t>(name + ".lengths");
    std::vector<Index> all(lengths.values().begin(), lengths.values().end());
    return {Variable<T>(tensor<T>(name + ".x"), true), std::make_shared<const SequenceLayout>(all)};
  }
  /// Sets the parameters of a layer to those of the case. There are no others.
  template <Real T>
  void fill(const std::string& name, nn::Module& layer) const {
    Index count = 0;
    for (const auto& one : layer.named_parameters()) {
      auto& parameter = layer.parameter<T>(one.path);
      const auto value = tensor<T>(name + ':' + one.path);
      REQUIRE(value.shape() == parameter.shape());
      parameter.mutable_value() = value;
      ++count;
    }
    Index of_file = 0;
    for (const auto& [key, array] : arrays_)
      of_file += key.starts_with(name + ':') && !key.ends_with(".g") ? 1 : 0;
    CHECK(count == of_file);
  }

  /// Result and all gradients of the layer that `make()` gives are those of the case. Saved and loaded it
  /// computes the same, and it can be moved.
  template <Real T, class Make>
  void check(const std::string& name, Make make) const {
    INFO(name);
    auto layer = make();
    fill<T>(name, layer);
    const auto x = rows<T>(name);
    const auto y = layer(x);
    check_numbers("result", values_of(y).value(), tensor<double>(name + ".y"));
    ops::sum(values_of(y) * Variable<T>(tensor<T>(name + ".gy"))).backward();
    check_numbers("gradient of x", x.values.grad(), tensor<double>(name + ".gx"));
    for (const auto& one : layer.named_parameters())
      check_numbers("gradient of " + one.path, layer.template parameter<T>(one.path).grad(),
                    tensor<double>(name + ':' + one.path + ".g"));

    const auto file = scratch("layer_" + name) / "layer.npz";
    io::save_npz(file, layer);
    auto again = make();
    io::load_npz(file, again);
    const auto same = again(x);
    for (std::size_t i = 0; i < values_of(y).value().values().size(); ++i)
      CHECK(values_of(same).value().values()[i] == values_of(y).value().values()[i]);
    again.to(other_device());
    for (const auto& one : again.named_parameters())
      CHECK(again.template parameter<T>(one.path).device() == other_device());
  }

 private:
  io::Archive arrays_ = io::read_npz(fixtures() / "layers.npz");
};

}  // namespace lstmlib::test
