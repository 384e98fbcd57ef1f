// SPDX-License-Identifier: MIT
// Tests that run on a GPU, or on what stands for one; with neither they are skipped: exit status 77.
#define DOCTEST_CONFIG_IMPLEMENT
#include "lstmlib/cuda.hpp"

#include <doctest/doctest.h>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  try {
    const bool found = lstmlib::cuda::install();
    std::cout << lstmlib::cuda::description() << '\n';
    if (!found) {
      std::cout << "skipped: no GPU\n";
      return 77;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return doctest::Context(argc, argv).run();
}
