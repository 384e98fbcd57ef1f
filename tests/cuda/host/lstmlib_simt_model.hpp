// SPDX-License-Identifier: MIT
#pragma once
// The words of kernels on the execution model: what lstmlib/backend/cuda/simt_device.cuh is for nvcc, which also says
// what each word means.

#include "lstmlib/version.hpp"

#include "model/half.hpp"
#include "model/shared_memory.hpp"
#include "model/warp.hpp"

#include <cuda_runtime.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda::simt {

using Float2 = float2;
using Float4 = float4;
using Word2 = uint2;
using Word4 = uint4;

inline int thread_index() { return model::machine.current->index; }
inline int block_index() { return model::machine.current->block->x; }
inline int block_index_y() { return model::machine.current->block->y; }
inline int block_threads() { return model::machine.launch().threads; }
inline int grid_blocks() { return model::machine.launch().blocks_x; }
inline int lane() { return thread_index() % model::warp_size; }
inline int warp() { return thread_index() / model::warp_size; }

inline void sync_block() { model::sync_block(); }
inline void sync_warp() { model::sync_warp(); }

template <class T>
T shuffle_xor(T value, int mask) {
  return model::shuffle_from(value, lane() ^ mask);
}
/// Lanes without another `delta` above keep their own.
template <class T>
T shuffle_down(T value, int delta) {
  return model::shuffle_from(value, lane() + delta < model::warp_size ? lane() + delta : lane());
}
template <class T>
T shuffle(T value, int from) {
  return model::shuffle_from(value, from);
}
inline std::uint32_t ballot(bool predicate) { return model::ballot(predicate); }

inline int cluster_rank() { return model::machine.current->block->rank; }
inline int cluster_index() { return model::machine.cluster_index(); }
inline int cluster_blocks() { return model::machine.launch().cluster; }
inline void cluster_arrive() { model::cluster_arrive(); }
inline void cluster_wait() { model::cluster_wait(); }

inline void fence_barrier_init() { model::fence_barrier_init(); }

struct TransactionBarrier {
  std::uint32_t byte_offset;

  void init(int count) const { model::init_barrier(byte_offset, count); }
  void arrive_expect(std::uint32_t bytes) const { model::arrive_expect(byte_offset, bytes); }
  void wait(std::uint32_t parity) const { model::wait_barrier(byte_offset, parity); }
};

template <class T>
struct SharedArray {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  std::uint32_t byte_offset;

  T load(int index) const { return model::load<T>(byte_offset, index); }
  void store(int index, T value) const { model::store(*model::machine.current->block, place(index), value); }
  void store_remote(int rank, int index, T value) const { model::store_remote(rank, place(index), value); }
  void store_async(int rank, int index, T value, TransactionBarrier barrier) const {
    model::store_async(rank, place(index), value, barrier.byte_offset);
  }

 private:
  std::uint32_t place(int index) const { return model::place(byte_offset, index, sizeof(T)); }
};

inline float bf16_low(std::uint32_t pair) { return model::float_of_bf16(pair & 0xffffu); }
inline float bf16_high(std::uint32_t pair) { return model::float_of_bf16(pair >> 16); }
inline std::uint32_t pack_bf16(float low, float high) {
  return model::bf16_of(high) << 16 | model::bf16_of(low);
}
inline float f16_low(std::uint32_t pair) { return model::float_of_f16(pair & 0xffffu); }
inline float f16_high(std::uint32_t pair) { return model::float_of_f16(pair >> 16); }
inline std::uint32_t pack_f16(float low, float high) {
  return model::f16_of(high) << 16 | model::f16_of(low);
}

inline void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  model::product(d, a, b, false);
}
inline void mma_f16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  model::product(d, a, b, true);
}

template <class T>
T load_global(const T* from) {
  model::check_alignment(from, alignof(T));
  return *from;
}
template <class T>
void store_streaming(T* to, T value) {
  model::check_alignment(to, alignof(T));
  *to = value;
}
template <class T>
T compare_and_set(T* word, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  const T before = *word;
  if (before == expected) *word = value;
  return before;
}

// Kernels follow each other here.
inline void wait_for_previous_kernel() {}
inline void let_next_kernel_start() {}
/// A cycle a call: the model knows nothing of time.
inline long long clock() {
  static long long calls = 0;
  return ++calls;
}

inline float product(float a, float b) { return a * b; }
inline double product(double a, double b) { return a * b; }
inline float exp(float x) { return std::exp(x); }
inline float tanh(float x) { return std::tanh(x); }
inline float fast_exp(float x) { return std::exp(x); }
inline float fast_divide(float x, float divisor) { return x / divisor; }
/// As coarse as the device's: 11 bits.
inline float fast_tanh(float x) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(std::tanh(x)) + 0x800u) & 0xfffff000u);
}

}  // namespace lstmlib::cuda::simt
