// SPDX-License-Identifier: MIT
// expected: Fields
#include <lstmlib/core.hpp>
using namespace lstmlib;
struct M : nn::Module {
  int count = 0;
  void fields(nn::Fields& visit) override { visit("count", count); }
};
