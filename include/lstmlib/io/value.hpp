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

/// One of the kinds above. All but None and numbers is constant and shared by copies, so that a value which
/// stands in many places is in memory once.
struct Value {
  template <class T>
  using Shared = std::shared_ptr<const T>;
  using Kinds = std::variant<None, bool, std::int64_t, double, Shared<std::string>, Shared<Bytes>, Shared<List>,
                             Shared<Tuple>, Shared<Dict>, Shared<Array>>;
  Kinds kind;  ///< text is UTF-8; nothing that is shared is null

  Value() = default;
  Value(None) {}
  template <std::integral T>
  Value(T number) {  // a bool stays one
    if constexpr (std::same_as<T, bool>) {
      kind = number;
    } else {
      if (!std::in_range<std::int64_t>(number)) fail<ValueError>("value: ", number, " does not fit 64 bits");
      kind = static_cast<std::int64_t>(number);
    }
  }
  Value(double number) : kind(number) {}
  Value(std::string text) : kind(std::make_shared<const std::string>(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(Bytes bytes) : kind(std::make_shared<const Bytes>(std::move(bytes))) {}
  Value(List items);
  Value(Tuple items);
  Value(Dict pairs);
  Value(Array array);
  Value(Shared<Array> array) : kind(std::move(array)) {}

  bool operator==(const Value&) const;  ///< by content

  bool is_none() const { return std::holds_alternative<None>(kind); }

  /// The content where it is of kind T (None, bool, std::int64_t, double, std::string, Bytes, List, Tuple,
  /// Dict or Array), else null.
  template <class T>
  const T* get_if() const {
    if constexpr (std::same_as<T, None> || std::is_arithmetic_v<T>) {
      return std::get_if<T>(&kind);
    } else {
      const auto* shared = std::get_if<Shared<T>>(&kind);
      return shared != nullptr ? shared->get() : nullptr;
    }
  }
  /// `use(content)` with the content as one of the types of `get_if`.
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    return std::visit(
        [&](const auto& content) -> decltype(auto) {
          if constexpr (requires { *content; }) return use(*content);
          else return use(content);
        },
        kind);
  }
  /// What copies have in common: the same for two values only where they share their content. Null for None
  /// and numbers, and for what nothing else shares.
  const void* identity() const {
    return std::visit(
        [](const auto& content) -> const void* {
          if constexpr (requires { content.use_count(); }) return content.use_count() > 1 ? content.get() : nullptr;
          else return nullptr;
        },
        kind);
  }

  /// What Python calls the kind: "int", "str", "dict", "array".
  std::string_view kind_name() const {
    constexpr std::string_view names[] = {"None",  "bool", "int",   "float", "str",
                                          "bytes", "list", "tuple", "dict",  "array"};
    return names[kind.index()];
  }
};

inline Value::Value(List items) : kind(std::make_shared<const List>(std::move(items))) {}
inline Value::Value(Tuple items) : kind(std::make_shared<const Tuple>(std::move(items))) {}
inline Value::Value(Dict pairs) : kind(std::make_shared<const Dict>(std::move(pairs))) {}

inline bool Tuple::operator==(const Tuple& other) const { return items == other.items; }

}  // namespace lstmlib::io
