// SPDX-License-Identifier: MIT
// expected: Element
#include <lstmlib/core.hpp>
lstmlib::Tensor<char> text;
