// SPDX-License-Identifier: MIT
#pragma once
// A Python value as plain data: what object arrays hold and the pickle reader makes. Nothing in it can run.

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

/// A Python bytes object, distinct from text.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

using List = std::vector<Value>;

/// A Python tuple, distinct from a list.
struct Tuple {
  std::vector<Value> items;
  bool operator==(const Tuple&) const;
};

/// A Python dict in insertion order. Keys are distinct.
using Dict = std::vector<std::pair<Value, Value>>;

/// A Python value of one of the kinds above. Copies share all content but None and numbers, which makes a
/// value that occurs many times cheap. Shared content is constant.
struct Value {
  template <class T>
  using Shared = std::shared_ptr<const T>;
  using Kinds = std::variant<None, bool, std::int64_t, double, Shared<std::string>, Shared<Bytes>,
                             Shared<List>, Shared<Tuple>, Shared<Dict>, Shared<Array>>;
  Kinds kind;  ///< text is UTF-8; shared pointers are not null

  Value() = default;
  Value(None) {}
  template <std::integral T>
  Value(T number) {  // a bool stays a bool
    if constexpr (std::same_as<T, bool>) {
      kind = number;
    } else {
      if (!std::in_range<std::int64_t>(number)) fail<ValueError>("value: ", number, " does not fit 64 bits");
      kind = static_cast<std::int64_t>(number);
    }
  }
  Value(double number) : kind(number) {}
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(Bytes bytes);
  Value(List items);
  Value(Tuple items);
  Value(Dict pairs);
  Value(Array array);
  Value(Shared<Array> array);

  bool operator==(const Value&) const;  ///< compares content

  bool is_none() const { return std::holds_alternative<None>(kind); }

  /// The content if it is a T (None, bool, std::int64_t, double, std::string, Bytes, List, Tuple, Dict or
  /// Array), else null.
  template <class T>
  const T* get_if() const {
    if constexpr (std::same_as<T, None> || std::is_arithmetic_v<T>) {
      return std::get_if<T>(&kind);
    } else {
      const auto* shared = std::get_if<Shared<T>>(&kind);
      return shared != nullptr ? shared->get() : nullptr;
    }
  }
  /// Calls `use(content)` with the content as one of the types of get_if().
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    return std::visit(
        [&](const auto& content) -> decltype(auto) {
          if constexpr (requires { *content; }) return use(*content);
          else return use(content);
        },
        kind);
  }
  /// A pointer that is equal for two values only if they share their content. Null for None, for numbers, and
  /// for content that is not shared.
  const void* identity() const;

  /// Python's name of the kind: "int", "str", "dict", "array".
  std::string_view kind_name() const {
    constexpr std::string_view names[] = {"None",  "bool", "int",   "float", "str",
                                          "bytes", "list", "tuple", "dict",  "array"};
    return names[kind.index()];
  }
};

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/value.inl"
#endif
