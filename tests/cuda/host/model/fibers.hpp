// SPDX-License-Identifier: MIT
#pragma once
// Fibers: stacks of one OS thread that hand over to each other where they say so. x86-64 and AArch64 have a
// switch in assembly of 20 instructions; others use ucontext. The address sanitizer is told of every switch.

#include "lstmlib/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define LSTMLIB_MODEL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LSTMLIB_MODEL_ASAN 1
#endif
#endif
#ifdef LSTMLIB_MODEL_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Weak, since every file that includes this has them.
#if defined(__x86_64__)
asm(R"(.text
.weak lstmlib_model_switch
.type lstmlib_model_switch, @function
lstmlib_model_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size lstmlib_model_switch, . - lstmlib_model_switch
)");
#elif defined(__aarch64__)
asm(R"(.text
.weak lstmlib_model_switch
.type lstmlib_model_switch, %function
lstmlib_model_switch:
  stp x29, x30, [sp, #-160]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  ret
.size lstmlib_model_switch, . - lstmlib_model_switch
)");
#else
#define LSTMLIB_MODEL_UCONTEXT 1
#include <ucontext.h>
#endif
#ifndef LSTMLIB_MODEL_UCONTEXT
extern "C" void lstmlib_model_switch(void** from, void* to);
#endif

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// A stack and where it stands. One without a stack of its own stands for the caller.
class Fiber {
 public:
  using Entry = void (*)();

  Fiber() {
#ifdef LSTMLIB_MODEL_ASAN
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &bottom_, &size_);
    pthread_attr_destroy(&attributes);
#endif
  }
  /// Will begin with `entry`, which must not return. The page below the stack cannot be touched.
  explicit Fiber(Entry entry) : entry_(entry) {
    memory_ = static_cast<char*>(mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    // Tops of stacks at equal places of their pages would fall into few sets of the cache.
    static std::size_t made = 0;
    shift_ = 64 + made++ * 320 % 16384;
    mprotect(memory_, guard_bytes, PROT_NONE);
    restart();
  }
  ~Fiber() {
    if (memory_) munmap(memory_, guard_bytes + stack_bytes);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Forgets what it did, and stands at its entry again.
  void restart() {
#ifdef LSTMLIB_MODEL_ASAN
    bottom_ = stack();
    size_ = stack_bytes;
    fake_stack_ = nullptr;
    __asan_unpoison_memory_region(bottom_, size_);
#endif
#ifdef LSTMLIB_MODEL_UCONTEXT
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack();
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    makecontext(&context_, entry_, 0);
#elif defined(__x86_64__)
    // Six registers and the address to return to; at an entry the stack is 8 bytes off a multiple of 16.
    auto* top = reinterpret_cast<void**>(stack() + stack_bytes - shift_) - 8;
    for (int i = 0; i < 8; ++i) top[i] = nullptr;
    top[6] = reinterpret_cast<void*>(entry_);
    position_ = top;
#else
    auto* top = reinterpret_cast<void**>(stack() + stack_bytes - shift_) - 20;
    for (int i = 0; i < 20; ++i) top[i] = nullptr;
    top[1] = reinterpret_cast<void*>(entry_);
    position_ = top;
#endif
  }

  /// Leaves this fiber, which must be the running one, for `next`; returns when somebody hands over to it
  /// again.
  void hand_over(Fiber& next) {
#ifdef LSTMLIB_MODEL_ASAN
    __sanitizer_start_switch_fiber(&fake_stack_, next.bottom_, next.size_);
#endif
#ifdef LSTMLIB_MODEL_UCONTEXT
    swapcontext(&context_, &next.context_);
#else
    lstmlib_model_switch(&position_, next.position_);
#endif
    arrived();
  }
  /// To be called first in an entry, by the fiber that enters.
  void arrived() {
#ifdef LSTMLIB_MODEL_ASAN
    __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
  }

 private:
#ifdef LSTMLIB_MODEL_ASAN
  static constexpr std::size_t stack_bytes = 256 * 1024;  // its frames have gaps between variables
#else
  static constexpr std::size_t stack_bytes = 64 * 1024;
#endif
  static constexpr std::size_t guard_bytes = 4096;

  char* stack() const { return memory_ + guard_bytes; }

  Entry entry_ = nullptr;
  char* memory_ = nullptr;
  std::size_t shift_ = 0;
#ifdef LSTMLIB_MODEL_UCONTEXT
  ucontext_t context_{};
#else
  void* position_ = nullptr;
#endif
#ifdef LSTMLIB_MODEL_ASAN
  void* bottom_ = nullptr;
  std::size_t size_ = 0;
  void* fake_stack_ = nullptr;
#endif
};

}  // namespace lstmlib::cuda::model
