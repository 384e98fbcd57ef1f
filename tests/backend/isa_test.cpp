// SPDX-License-Identifier: MIT
#include "lstmlib/backend/cpu/isa.hpp"

#include "support.hpp"

using namespace lstmlib;

TEST_CASE("instruction sets: the baseline is everywhere, and wider sets contain narrower ones") {
  CHECK(cpu::machine_has(cpu::InstructionSet::baseline));
  bool narrower = true;
  for (const auto set : cpu::instruction_sets) {
    CHECK((narrower || !cpu::machine_has(set)));
    narrower = cpu::machine_has(set);
    if (!narrower) test::skip("this machine has no " + std::string(cpu::name_of(set)) + ": no test runs it");
  }
  CHECK(cpu::machine_has(cpu::instruction_set()));
}

TEST_CASE("instruction sets: names are parsed, unknown and absent ones refused") {
  CHECK(cpu::parse_instruction_set("baseline") == cpu::InstructionSet::baseline);
  CHECK_THROWS_WITH_AS(
      cpu::parse_instruction_set("sse9"),
      "LSTMLIB_ISA: unknown instruction set \"sse9\", expected baseline, avx2, avx512, avx512_bf16 or amx",
      DeviceError);
  for (const auto set : cpu::instruction_sets) {
    if (cpu::machine_has(set)) CHECK(cpu::parse_instruction_set(cpu::name_of(set)) == set);
    else CHECK_THROWS_AS(cpu::parse_instruction_set(cpu::name_of(set)), DeviceError);
  }
}
