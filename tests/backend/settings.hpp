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

/// Calls `test()` for each instruction set that this machine has; the others are skips.
template <class Test>
void with_each_instruction_set(Test test) {
  struct Keep {
    cpu::InstructionSet before = cpu::instruction_set();
    ~Keep() { cpu::set_instruction_set(before); }
  } const keep;
  for (const auto set : cpu::instruction_sets) {
    const std::string name(cpu::name_of(set));
    if (!cpu::machine_has(set)) {
      skip("this machine has no " + name);
      continue;
    }
    cpu::set_instruction_set(set);
    CAPTURE(name);
    test();
  }
}

}  // namespace lstmlib::test
