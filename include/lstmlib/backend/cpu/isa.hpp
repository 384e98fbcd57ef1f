// SPDX-License-Identifier: MIT
#pragma once
// Which instruction set the CPU's kernels use: the widest that processor and system have, found when the
// program runs, so that headers compiled without machine flags are fast all the same.

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

/// Each contains the ones before it. On other processors than x86-64 there is only the baseline.
/// avx512_bf16: AVX-512 with BF16 and VNNI; amx: with tiles and products of bfloat16 in them, too.
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
/// AMX_TILE and AMX_BF16, as the processor says, registers that the system saves, and its leave to use them,
/// which Linux gives a process on request. Where it gives none, as older kernels and some emulators, nothing
/// has changed.
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

/// Whether processor and operating system have all of `set`, and let this process use it.
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

/// The set of this name. Throws DeviceError for an unknown name and for one that this machine does not have.
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
  static std::atomic<int> chosen = -1;  // not yet
  return chosen;
}
}  // namespace detail

/// What kernels use: the environment variable LSTMLIB_ISA, or the widest set of the machine.
inline InstructionSet instruction_set() {
  auto& chosen = detail::chosen_instruction_set();
  const int known = chosen.load(std::memory_order_relaxed);
  if (known >= 0) return static_cast<InstructionSet>(known);
  InstructionSet set = InstructionSet::baseline;
  if (const char* wanted = std::getenv("LSTMLIB_ISA"); wanted && *wanted) set = parse_instruction_set(wanted);
  else
    for (const auto wider : instruction_sets)
      if (machine_has(wider)) set = wider;
  chosen.store(static_cast<int>(set), std::memory_order_relaxed);
  return set;
}

/// For tests and measurements, while no kernel runs; what a forward pass saved, only kernels of the same set
/// can read.
inline void set_instruction_set(InstructionSet set) {
  if (!machine_has(set)) fail<DeviceError>("set_instruction_set: this machine does not have ", name_of(set));
  detail::chosen_instruction_set().store(static_cast<int>(set), std::memory_order_relaxed);
}

}  // namespace lstmlib::cpu
