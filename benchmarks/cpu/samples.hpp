// SPDX-License-Identifier: MIT
#pragma once
// Where a program's processor time goes: several hundred times a second it notes which instruction runs.
// Linux on x86-64 and AArch64; the program must be linked with -rdynamic, so that functions have names.

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <string_view>

#include <dlfcn.h>
#include <sys/time.h>
#include <ucontext.h>

namespace side {

/// One at a time. Threads that sleep are not seen.
class Samples {
 public:
  Samples() : before_(std::clock()) {
    taken() = 0;
    struct sigaction action {};
    action.sa_sigaction = &take;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    set_timer(1000);
  }
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;
  ~Samples() { set_timer(0); }

  /// Processor seconds, of all threads so far, in functions whose (mangled) names contain `part`; 0 if too
  /// few samples were taken to tell.
  double seconds_in(std::string_view part) const {
    const double all = static_cast<double>(std::clock() - before_) / CLOCKS_PER_SEC;
    const std::size_t count = std::min(taken().load(), most);
    if (count < 100) return 0;
    const auto in_part = std::count_if(addresses().begin(), addresses().begin() + count, [&](void* address) {
      Dl_info function;
      return dladdr(address, &function) && function.dli_sname &&
             std::string_view(function.dli_sname).find(part) != std::string_view::npos;
    });
    return all * static_cast<double>(in_part) / static_cast<double>(count);
  }

 private:
  static constexpr std::size_t most = 1 << 16;
  static std::array<void*, most>& addresses() {
    static std::array<void*, most> all;
    return all;
  }
  static std::atomic<std::size_t>& taken() {
    static std::atomic<std::size_t> count;
    return count;
  }
  static void take(int, siginfo_t*, void* context) {
    const auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    const auto address = machine.gregs[REG_RIP];
#else
    const auto address = machine.pc;
#endif
    if (const std::size_t at = taken().fetch_add(1, std::memory_order_relaxed); at < most)
      addresses()[at] = reinterpret_cast<void*>(address);
  }
  static void set_timer(long microseconds) {
    const timeval time{0, static_cast<suseconds_t>(microseconds)};
    const itimerval timer{time, time};
    setitimer(ITIMER_PROF, &timer, nullptr);
  }

  std::clock_t before_;
};

}  // namespace side
