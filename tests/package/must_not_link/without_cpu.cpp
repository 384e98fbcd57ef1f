// SPDX-License-Identifier: MIT
// expected: link_lstmlib_cpu_or_include_lstmlib_hpp
#include <lstmlib/tensor/tensor.hpp>
int main() { return static_cast<int>(lstmlib::Tensor<float>::zeros({1}).size()); }
