// SPDX-License-Identifier: MIT
#pragma once
// The instruction set of the CPU kernels: the widest that processor and operating system support. It is
// chosen at run time, so no compiler flags for the machine are needed.

#include "lstmlib/base/error.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Each set contains the previous ones. Processors other than x86-64 have only the baseline. avx512_bf16:
/// AVX-512 with BF16 and VNNI; amx: also tiles and their bfloat16 products.
enum class InstructionSet : std::uint8_t { baseline, avx2, avx512, avx512_bf16, amx };

inline constexpr std::array<InstructionSet, 5> instruction_sets = {
    InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::avx512_bf16,
    InstructionSet::amx};
inline constexpr std::array<std::string_view, 5> instruction_set_names = {"baseline", "avx2", "avx512",
                                                                          "avx512_bf16", "amx"};

constexpr std::string_view name_of(InstructionSet set) {
  return instruction_set_names[static_cast<std::size_t>(set)];
}

#if defined(__x86_64__)
namespace detail {
/// Checks for AMX_TILE and AMX_BF16 in the processor and for system support of the tile registers, then asks
/// Linux for permission to use them. Older kernels and some emulators refuse; then nothing has changed.
inline bool request_amx() {
#if defined(__linux__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned bf16 = 1u << 22, tile = 1u << 24;
  if (!(d & bf16) || !(d & tile)) return false;
  unsigned saved = 0, upper = 0;  // XCR0
  __asm__ volatile("xgetbv" : "=a"(saved), "=d"(upper) : "c"(0));
  constexpr unsigned tile_configuration = 1u << 17, tile_data = 1u << 18;
  if (!(saved & tile_configuration) || !(saved & tile_data)) return false;
  constexpr long request_permission = 0x1023, of_tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, of_tile_data) == 0;
#else
  return false;
#endif
}
}  // namespace detail
#endif

/// Whether processor and operating system support `set` and this process may use it.
inline bool machine_has(InstructionSet set) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  switch (set) {
    case InstructionSet::baseline: return true;
    case InstructionSet::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::avx512:
      return machine_has(InstructionSet::avx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl");
    case InstructionSet::avx512_bf16:
      return machine_has(InstructionSet::avx512) && __builtin_cpu_supports("avx512bf16") &&
             __builtin_cpu_supports("avx512vnni");
    case InstructionSet::amx: {
      static const bool granted = machine_has(InstructionSet::avx512_bf16) && detail::request_amx();
      return granted;
    }
  }
  return false;
#else
  return set == InstructionSet::baseline;
#endif
}

/// Parses a name. Throws DeviceError if the name is unknown or this machine does not have the set.
inline InstructionSet parse_instruction_set(std::string_view name) {
  for (const auto set : instruction_sets) {
    if (name_of(set) != name) continue;
    if (!machine_has(set)) fail<DeviceError>("LSTMLIB_ISA: this machine does not have ", name);
    return set;
  }
  fail<DeviceError>("LSTMLIB_ISA: unknown instruction set \"", name,
                    "\", expected baseline, avx2, avx512, avx512_bf16 or amx");
}

namespace detail {
inline std::atomic<int>& chosen_instruction_set() {
  static std::atomic<int> chosen = -1;  // not chosen yet
  return chosen;
}
}  // namespace detail

/// The set in use: that of the environment variable LSTMLIB_ISA, else the widest of the machine.
inline InstructionSet instruction_set() {
  auto& chosen = detail::chosen_instruction_set();
  const int known = chosen.load(std::memory_order_relaxed);
  if (known >= 0) return static_cast<InstructionSet>(known);
  InstructionSet set = InstructionSet::baseline;
  if (const char* name = std::getenv("LSTMLIB_ISA"); name && *name) set = parse_instruction_set(name);
  else
    for (const auto wider : instruction_sets)
      if (machine_has(wider)) set = wider;
  chosen.store(static_cast<int>(set), std::memory_order_relaxed);
  return set;
}

/// For tests and benchmarks; no kernel may be running. What a forward pass saved can only be read by kernels
/// of the same set.
inline void set_instruction_set(InstructionSet set) {
  if (!machine_has(set)) fail<DeviceError>("set_instruction_set: this machine does not have ", name_of(set));
  detail::chosen_instruction_set().store(static_cast<int>(set), std::memory_order_relaxed);
}

}  // namespace lstmlib::cpu
