// SPDX-License-Identifier: MIT
#pragma once
// Tests that change which kernels run, and put back what was.

#include "lstmlib/backend/cpu/isa.hpp"
#include "lstmlib/backend/cpu/threads.hpp"

#include "support.hpp"

namespace lstmlib::test {

struct KeepThreads {
  int before = cpu::threads();
  ~KeepThreads() { cpu::set_threads(before); }
};

/// Calls `test()` for each instruction set that this machine has, up to `last`.
template <class Test>
void with_each_instruction_set(Test test, cpu::InstructionSet last = cpu::instruction_sets.back()) {
  struct Keep {
    cpu::InstructionSet before = cpu::instruction_set();
    ~Keep() { cpu::set_instruction_set(before); }
  } const keep;
  for (const auto set : cpu::instruction_sets) {
    if (set > last || !cpu::machine_has(set)) continue;
    cpu::set_instruction_set(set);
    const std::string name(cpu::name_of(set));
    CAPTURE(name);
    test();
  }
}

/// The same for tests of float32 and double alone: larger sets take the kernels of AVX-512 for them, see
/// kernel_table in kernel_sets.hpp.
template <class Test>
void with_each_kernel_table(Test test) {
  with_each_instruction_set(test, cpu::InstructionSet::avx512);
}

}  // namespace lstmlib::test
