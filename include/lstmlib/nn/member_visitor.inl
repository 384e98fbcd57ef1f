// SPDX-License-Identifier: MIT
#pragma once
// Paths of members. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/nn/member_visitor.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

LSTMLIB_INLINE void MemberPath::enter(std::string_view name) { parts_.emplace_back(name); }

LSTMLIB_INLINE void MemberPath::leave() { parts_.pop_back(); }

LSTMLIB_INLINE std::string MemberPath::of(std::string_view name) const {
  std::string path;
  for (const auto& part : parts_) path.append(part).append("/");
  return path.append(name);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
