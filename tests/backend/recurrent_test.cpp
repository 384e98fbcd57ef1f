// SPDX-License-Identifier: MIT
// The recurrent engine against plain_recurrent.hpp on random shapes, for each instruction set of the machine.
#include "lstmlib/backend/registry.hpp"

#include "recurrent_case.hpp"
#include "settings.hpp"

#include <array>
#include <cstdlib>

using namespace lstmlib;
using test::RecurrentCase, test::rounded_to_bf16;

namespace {

template <Real T>
std::vector<std::vector<T>> run(RecurrentCase& one, double tolerance, Precision precision = Precision::fp32) {
  return test::check_recurrent<T>(cpu_backend(), one, tolerance, precision);
}

/// More seeds where a test asks for them: see slow/recurrent_shapes.
unsigned seeds() {
  const char* count = std::getenv("LSTMLIB_TEST_SEEDS");
  return count ? static_cast<unsigned>(std::atoi(count)) : 150;
}

}  // namespace

TEST_CASE("recurrent layers of random shapes agree with plain loops in double precision") {
  for (unsigned seed = 0; seed < seeds(); ++seed) {
    RecurrentCase one(seed);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    CAPTURE(one.plain->hidden_size);
    CAPTURE(one.plain->input_size);
    test::with_each_instruction_set([&] {
      run<float>(one, 3e-5);
      run<double>(one, 1e-12);
    });
  }
}

TEST_CASE("recurrent layers with more tokens and columns than a block of a product has") {
  const std::array<std::array<Index, 4>, 3> shapes = {
      {{20, 70, 60, 80}, {40, 9, 3, 1100}, {66, 66, 300, 12}}};
  for (unsigned i = 0; i < shapes.size(); ++i) {
    const auto [n, input, sequences, longest] = shapes[i];
    RecurrentCase one(500 + i, n, input, sequences, longest);
    CAPTURE(i);
    test::with_each_instruction_set([&] {
      run<float>(one, 1e-4);
      run<double>(one, 1e-11);
    });
  }
}

TEST_CASE("recurrent layers with operands of bfloat16 agree with plain loops that round the same operands") {
  for (unsigned seed = 2000; seed < 2040; ++seed) {
    RecurrentCase one(seed, rounded_to_bf16);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    // Sums differ in the last bits of float, and so does, rarely, which way an operand is rounded: 1/256 of
    // it.
    test::with_each_instruction_set([&] { run<float>(one, 4e-3, Precision::bf16); });
  }
  // More tokens than the gradients' products take at a time.
  RecurrentCase one(2040, 20, 30, 150, 50, rounded_to_bf16);
  REQUIRE(one.layout->rows() > 3000);
  test::with_each_instruction_set([&] { run<float>(one, 4e-3, Precision::bf16); });
}

TEST_CASE("recurrent layers give the same bits for any number of threads") {
  const test::KeepThreads keep;
  for (unsigned seed = 1000; seed < 1012; ++seed)
    for (const auto precision : {Precision::fp32, Precision::bf16}) {
      const bool exact = precision == Precision::fp32;
      RecurrentCase one(seed, exact ? nullptr : rounded_to_bf16);
      const double tolerance = exact ? 3e-5 : 4e-3;
      CAPTURE(seed);
      CAPTURE(exact);
      cpu::set_threads(1);
      const auto alone = run<float>(one, tolerance, precision);
      for (const int count : {2, 3}) {
        cpu::set_threads(count);
        CHECK(run<float>(one, tolerance, precision) == alone);
      }
    }
}
