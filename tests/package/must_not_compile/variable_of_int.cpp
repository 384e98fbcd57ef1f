// SPDX-License-Identifier: MIT
// expected: Real
#include <lstmlib/core.hpp>
lstmlib::Variable<int> v;
