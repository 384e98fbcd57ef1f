// SPDX-License-Identifier: MIT
#pragma once
// Counts what a test program asks operator new for. To be included by one file of a program: it replaces the
// operators. Not with the thread sanitizer, which has operators of its own: there nothing is counted.

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_THREAD__)
#define LSTMLIB_TEST_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LSTMLIB_TEST_THREAD_SANITIZER 1
#endif
#endif

namespace lstmlib::test {

constexpr std::size_t large_block = 4096;  ///< bytes from which a block counts as large
inline std::atomic<std::size_t> small_blocks{0}, large_blocks{0};

inline void* counted_block(std::size_t bytes, std::size_t alignment = 16) noexcept {
  ++(bytes < large_block ? small_blocks : large_blocks);
  return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}
inline void* block_or_throw(void* block) {
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace lstmlib::test

#ifndef LSTMLIB_TEST_THREAD_SANITIZER
// Never inlined: where one of a pair is and the other is not, g++ warns that they do not match.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return lstmlib::test::block_or_throw(lstmlib::test::counted_block(bytes));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return lstmlib::test::counted_block(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return lstmlib::test::block_or_throw(
      lstmlib::test::counted_block(bytes, static_cast<std::size_t>(alignment)));
}
[[gnu::noinline]] void operator delete(void* data) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::size_t) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, const std::nothrow_t&) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::size_t, std::align_val_t) noexcept {
  std::free(data);
}
#endif
