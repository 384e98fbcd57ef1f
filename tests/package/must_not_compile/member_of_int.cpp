// SPDX-License-Identifier: MIT
// expected: MemberVisitor
#include <lstmlib/core.hpp>
using namespace lstmlib;
struct M : nn::Module {
  int count = 0;
  void visit_members(nn::MemberVisitor& visit) override { visit("count", count); }
};
