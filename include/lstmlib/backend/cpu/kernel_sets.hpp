// SPDX-License-Identifier: MIT
#pragma once
// The vector kernels, compiled once for each instruction set, and the choice among them.
//
// The .inl files of kernels/ and math/ are included in one namespace per set, between the push and the pop of
// its target. So the user's compiler flags do not matter. Rules for these files: no standard headers, no
// templates, no lambdas (they do not inherit the target). From outside the namespace they may only use plain
// types. So caller and callee always have the same target, and the linker cannot substitute code of a wide
// set elsewhere.

#include "lstmlib/backend/cpu/low_precision_table.hpp"
#include "lstmlib/backend/cpu/isa.hpp"
#include "lstmlib/backend/cpu/kernel_table.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/elementwise_names.hpp"

#include <concepts>
#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-pragmas"  // g++ pragmas that request unrolling
#endif

// The kernels round by adding a number and subtracting it again. -ffast-math could remove that. So they are
// compiled without it, whatever the user's flags are.
#if defined(__clang__)
#pragma float_control(precise, on, push)
#elif defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(__NO_SIGNED_ZEROS__)
#define LSTMLIB_KERNELS_UNDO_FAST_MATH
#pragma GCC push_options
#pragma GCC optimize("no-fast-math,no-associative-math,no-reciprocal-math,signed-zeros")
#endif

namespace lstmlib::inline LSTMLIB_ABI::cpu::baseline {
constexpr int vector_bytes = 16;
constexpr int tile_vectors = 2;  // 16 registers: 12 sums, 2 of the right matrix, 1 of the left one, 1 product
#include "lstmlib/backend/cpu/kernels/lanes.inl"
#include "lstmlib/backend/cpu/kernels/baseline.inl"
#include "lstmlib/backend/cpu/kernels/all.inl"
}  // namespace lstmlib::cpu::baseline

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace lstmlib::inline LSTMLIB_ABI::cpu::avx2 {
constexpr int vector_bytes = 32;
constexpr int tile_vectors = 2;  // 16 registers
#include "lstmlib/backend/cpu/kernels/lanes.inl"
#include "lstmlib/backend/cpu/kernels/avx2.inl"
#include "lstmlib/backend/cpu/kernels/all.inl"
}  // namespace lstmlib::cpu::avx2
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#endif
namespace lstmlib::inline LSTMLIB_ABI::cpu::avx512 {
constexpr int vector_bytes = 64;
constexpr int tile_vectors = 4;  // 32 registers: 24 sums
#include "lstmlib/backend/cpu/kernels/lanes.inl"
#include "lstmlib/backend/cpu/kernels/avx512.inl"
#include "lstmlib/backend/cpu/kernels/all.inl"
}  // namespace lstmlib::cpu::avx512
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx512vnni"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx512vnni")
#endif
namespace lstmlib::inline LSTMLIB_ABI::cpu::avx512_bf16 {
constexpr int vector_bytes = 64;
constexpr int tile_vectors = 4;
#include "lstmlib/backend/cpu/kernels/lanes.inl"
#include "lstmlib/backend/cpu/kernels/avx512.inl"
#include "lstmlib/backend/cpu/kernels/all_bf16.inl"
}  // namespace lstmlib::cpu::avx512_bf16
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                                            \
    __attribute__((                                                                                      \
        target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx512vnni,amx-tile,amx-bf16"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx512vnni,amx-tile,amx-bf16")
#endif
namespace lstmlib::inline LSTMLIB_ABI::cpu::amx {
constexpr int vector_bytes = 64;
constexpr int tile_vectors = 4;
#include "lstmlib/backend/cpu/kernels/lanes.inl"
#include "lstmlib/backend/cpu/kernels/avx512.inl"
#include "lstmlib/backend/cpu/kernels/all_amx.inl"
}  // namespace lstmlib::cpu::amx
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else  // not x86-64

namespace lstmlib::inline LSTMLIB_ABI::cpu {
namespace avx2 = baseline;
namespace avx512 = baseline;
}  // namespace lstmlib::cpu

#endif

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang diagnostic pop
#elif defined(LSTMLIB_KERNELS_UNDO_FAST_MATH)
#pragma GCC pop_options
#undef LSTMLIB_KERNELS_UNDO_FAST_MATH
#endif

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// The kernels for element type T of the instruction set in use.
template <class T>
const KernelTable<T>& kernel_table() {
#if defined(__x86_64__)
  switch (instruction_set()) {
    case InstructionSet::amx:
    case InstructionSet::avx512_bf16:
    case InstructionSet::avx512: return avx512::table<T>;
    case InstructionSet::avx2: return avx2::table<T>;
    case InstructionSet::baseline: break;
  }
#endif
  return baseline::table<T>;
}

/// The kernel of the instruction set in use. A caller names it in each namespace, so that only programs that
/// use a kernel compile it: `chosen(baseline::f<T>, avx2::f<T>, avx512::f<T>)`.
template <class Kernel>
Kernel* chosen(Kernel* baseline, Kernel* avx2, Kernel* avx512) {
  const auto set = instruction_set();
  return set == InstructionSet::baseline ? baseline : set == InstructionSet::avx2 ? avx2 : avx512;
}

/// The bfloat16 kernels. These two functions are templates, so that only programs that use them compile them.
template <std::same_as<float> T>
const Bf16KernelTable& bf16_kernel_table() {
#if defined(__x86_64__)
  switch (instruction_set()) {
    case InstructionSet::amx: return amx::bf16_table<T>;
    case InstructionSet::avx512_bf16: return avx512_bf16::bf16_table<T>;
    case InstructionSet::avx512: return avx512::bf16_table<T>;
    case InstructionSet::avx2: return avx2::bf16_table<T>;
    case InstructionSet::baseline: break;
  }
#endif
  return baseline::bf16_table<T>;
}

/// The kernels of packed layers.
template <std::same_as<float> T>
const InferenceKernelTable& inference_kernel_table() {
#if defined(__x86_64__)
  switch (instruction_set()) {
    case InstructionSet::amx: return amx::inference_table<T>;
    case InstructionSet::avx512_bf16: return avx512_bf16::inference_table<T>;
    case InstructionSet::avx512: return avx512::inference_table<T>;
    case InstructionSet::avx2: return avx2::inference_table<T>;
    case InstructionSet::baseline: break;
  }
#endif
  return baseline::inference_table<T>;
}

}  // namespace lstmlib::cpu
