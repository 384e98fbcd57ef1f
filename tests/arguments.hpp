// SPDX-License-Identifier: MIT
#pragma once
// Arguments that are wrong, one at a time, in each way in which a tensor can be wrong.

#include "support.hpp"
#include "two_devices.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace lstmlib::test {

inline std::shared_ptr<const SequenceLayout> layout_of(std::vector<Index> lengths) {
  return std::make_shared<const SequenceLayout>(lengths);
}

struct WrongShape {
  std::string what;
  Shape shape;
};
/// Of one axis less or more, and with each axis longer and shorter by one.
inline std::vector<WrongShape> wrong_shapes(const Shape& right) {
  const std::vector<Index> sizes(right.sizes().begin(), right.sizes().end());
  std::vector<WrongShape> all;
  const auto add = [&](std::string what, const std::vector<Index>& changed) {
    all.push_back({std::move(what), Shape(changed)});
  };
  if (!sizes.empty()) {
    add("without axes", {});
    add("an axis less", {sizes.begin(), sizes.end() - 1});
  }
  auto more = sizes;
  more.push_back(1);
  if (more.size() <= Shape::max_rank) add("an axis more", more);
  for (std::size_t axis = 0; axis < sizes.size(); ++axis)
    for (const Index by : {1, -1}) {
      auto changed = sizes;
      changed[axis] += by;
      if (changed[axis] >= 0)
        add("axis " + std::to_string(axis) + (by > 0 ? " longer" : " shorter"), changed);
    }
  return all;
}

template <Real T>
Variable<T> numbers(const Shape& shape, Device device = Device::cpu()) {
  auto made = Tensor<T>::uninitialized(shape);
  const auto values = made.mutable_values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(0.01) * static_cast<T>(i % 97);
  return Variable<T>(made.to(device), true);
}

/// One argument of an operation: what it should be, and which changes of shape are right, too.
struct Argument {
  std::string name;
  Shape shape;
  std::vector<std::string> also = {};  ///< names of changes by wrong_shapes, or "any" or "absent"
  bool accepts(const std::string& what) const {
    const auto is = [&](const std::string& one) {
      return one == what || (one == "any" && what.find("absent") == what.npos);
    };
    return std::any_of(also.begin(), also.end(), is);
  }
};

/// Runs `use`, which must throw an Error of one line that begins with `op`.
template <class Use>
void refused(const std::string& op, const std::string& what, Use use) {
  INFO(op, ": ", what);
  try {
    use();
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    const std::string text = error.what();
    INFO(text);
    CHECK(text.starts_with(op));
    CHECK(text.find('\n') == text.npos);
    CHECK(text.size() < 250);
  }
}

/// Calls `op` with each argument wrong in each way. A call that is right must work, its backward pass too;
/// `call` returns something to differentiate.
template <Real T>
void check_arguments(const std::string& op, const std::vector<Argument>& arguments,
                     const std::function<Variable<T>(const std::vector<Variable<T>>&)>& call) {
  std::vector<Variable<T>> right;
  for (const auto& argument : arguments) right.push_back(numbers<T>(argument.shape));
  const auto works = [&](const std::string& what, const std::vector<Variable<T>>& with) {
    INFO(op, ": ", what);
    CHECK_NOTHROW(ops::sum(call(with)).backward());
  };
  works("as it should be", right);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    const auto with = [&](const std::string& what, Variable<T> wrong) {
      auto changed = right;
      changed[i] = std::move(wrong);
      const std::string how = argument.name + " " + what;
      if (argument.accepts(what)) works(how, changed);
      else refused(op, how, [&] { (void)call(changed); });
    };
    with("absent", {});
    with("absent", Variable<T>(Tensor<T>()));
    for (const auto& [what, shape] : wrong_shapes(argument.shape)) with(what, numbers<T>(shape));
    if (arguments.size() > 1) with("on another device", numbers<T>(argument.shape, other_device()));
  }
}

}  // namespace lstmlib::test
