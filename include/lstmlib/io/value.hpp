// SPDX-License-Identifier: MIT
#pragma once
// A Python value as data: what an object array holds, and what the pickle reader makes. Nothing in it can
// run.

#include "lstmlib/base/error.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

struct Array;
struct Value;

/// Python's None.
struct None {
  bool operator==(const None&) const = default;
};

/// A Python byte string, apart from text.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

using List = std::vector<Value>;

/// A Python tuple, apart from a list.
struct Tuple {
  std::vector<Value> items;
  bool operator==(const Tuple&) const;
};

/// A Python dict in the order in which it was filled; keys are None, bool, int, float, text or bytes, no key
/// twice.
using Dict = std::vector<std::pair<Value, Value>>;

/// One of the kinds above. Copies are deep but for arrays, which are shared and constant.
struct Value {
  using Kinds = std::variant<None, bool, std::int64_t, double, std::string, Bytes, List, Tuple, Dict,
                             std::shared_ptr<const Array>>;
  Kinds kind;  ///< text is UTF-8; an array is never null

  Value() = default;
  Value(None) {}
  template <std::integral T>
  Value(T number) {  // a bool stays one
    if constexpr (std::same_as<T, bool>) {
      kind = number;
    } else {
      if (!std::in_range<std::int64_t>(number)) fail<ShapeError>("value: ", number, " does not fit 64 bits");
      kind = static_cast<std::int64_t>(number);
    }
  }
  Value(double number) : kind(number) {}
  Value(std::string text) : kind(std::move(text)) {}
  Value(std::string_view text) : kind(std::string(text)) {}
  Value(const char* text) : kind(std::string(text)) {}
  Value(Bytes bytes) : kind(std::move(bytes)) {}
  Value(List items) : kind(std::move(items)) {}
  Value(Tuple items) : kind(std::move(items)) {}
  Value(Dict pairs) : kind(std::move(pairs)) {}
  Value(Array array);
  Value(std::shared_ptr<const Array> array) : kind(std::move(array)) {}

  bool operator==(const Value&) const;  ///< arrays by their content

  bool is_none() const { return std::holds_alternative<None>(kind); }

  /// The content where it is of kind T (None, bool, std::int64_t, double, std::string, Bytes, List, Tuple,
  /// Dict or Array), else null.
  template <class T>
  const T* get_if() const {
    if constexpr (std::same_as<T, Array>) {
      const auto* shared = std::get_if<std::shared_ptr<const Array>>(&kind);
      return shared != nullptr ? shared->get() : nullptr;
    } else {
      return std::get_if<T>(&kind);
    }
  }

  /// What Python calls the kind: "int", "str", "dict", "array".
  std::string_view kind_name() const {
    constexpr std::string_view names[] = {"None",  "bool", "int",   "float", "str",
                                          "bytes", "list", "tuple", "dict",  "array"};
    return names[kind.index()];
  }
};

inline bool Tuple::operator==(const Tuple& other) const { return items == other.items; }

}  // namespace lstmlib::io
