// SPDX-License-Identifier: MIT
#pragma once
// Python values. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/value.hpp"

#include <memory>
#include <utility>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_INLINE Value::Value(std::string text) : kind(std::make_shared<const std::string>(std::move(text))) {}

LSTMLIB_INLINE Value::Value(std::string_view text) : Value(std::string(text)) {}

LSTMLIB_INLINE Value::Value(const char* text) : Value(std::string(text)) {}

LSTMLIB_INLINE Value::Value(Bytes bytes) : kind(std::make_shared<const Bytes>(std::move(bytes))) {}

LSTMLIB_INLINE const void* Value::identity() const {
  return std::visit(
      [](const auto& content) -> const void* {
        if constexpr (requires { content.use_count(); })
          return content.use_count() > 1 ? content.get() : nullptr;
        else return nullptr;
      },
      kind);
}

LSTMLIB_INLINE Value::Value(List items) : kind(std::make_shared<const List>(std::move(items))) {}
LSTMLIB_INLINE Value::Value(Tuple items) : kind(std::make_shared<const Tuple>(std::move(items))) {}
LSTMLIB_INLINE Value::Value(Dict pairs) : kind(std::make_shared<const Dict>(std::move(pairs))) {}

LSTMLIB_INLINE bool Tuple::operator==(const Tuple& other) const { return items == other.items; }

}  // namespace lstmlib::inline LSTMLIB_ABI::io
