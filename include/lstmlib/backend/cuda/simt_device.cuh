// SPDX-License-Identifier: MIT
#pragma once
// The device intrinsics for nvcc: see simt.hpp. Functions that an architecture lacks trap there: clusters and
// transaction barriers need sm_90, matrix products sm_80.

#include "lstmlib/version.hpp"

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda::simt {

using Float2 = float2;  ///< 8 bytes, aligned to 8
using Float4 = float4;  ///< 16 bytes, aligned to 16
using Word2 = uint2;
using Word4 = uint4;

// Indices of threads and blocks. Threads have one axis; blocks may have a second one.
__device__ __forceinline__ int thread_index() { return static_cast<int>(threadIdx.x); }
__device__ __forceinline__ int block_index() { return static_cast<int>(blockIdx.x); }
__device__ __forceinline__ int block_index_y() { return static_cast<int>(blockIdx.y); }
__device__ __forceinline__ int block_threads() { return static_cast<int>(blockDim.x); }
__device__ __forceinline__ int grid_blocks() { return static_cast<int>(gridDim.x); }
__device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x & 31); }
/// Index of the warp in its block. The shuffle tells the compiler that it is the same in all lanes. All lanes
/// of the warp must call it together.
__device__ __forceinline__ int warp() {
  return __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x >> 5), 0);
}

/// Waits for all threads of the block that have not exited, and orders their memory accesses.
__device__ __forceinline__ void sync_block() { __syncthreads(); }
/// The same for a warp. Shuffles, ballots and products do not order memory accesses.
__device__ __forceinline__ void sync_warp() { __syncwarp(); }

// All lanes of the warp must take part.
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}
template <class T>
__device__ __forceinline__ T shuffle_down(T value, int delta) {
  return __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(delta));
}
template <class T>
__device__ __forceinline__ T shuffle(T value, int lane) {
  return __shfl_sync(0xffffffffu, value, lane);
}
__device__ __forceinline__ std::uint32_t ballot(bool predicate) {
  return __ballot_sync(0xffffffffu, predicate);
}

// Clusters.
__device__ __forceinline__ int cluster_rank() {
  std::uint32_t rank = 0;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
  return static_cast<int>(rank);
}
__device__ __forceinline__ int cluster_index() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  std::uint32_t index = 0;
  asm volatile("mov.u32 %0, %%clusterid.x;" : "=r"(index));
  return static_cast<int>(index);
#else
  return block_index();
#endif
}
__device__ __forceinline__ int cluster_blocks() {
  std::uint32_t blocks = 1;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
#endif
  return static_cast<int>(blocks);
}
/// Signals that this thread has arrived. Its earlier writes, including those to other blocks, are visible to
/// all threads after their wait.
__device__ __forceinline__ void cluster_arrive() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#else
  __trap();
#endif
}
/// Waits until every thread of the cluster that has not exited has arrived. One wait per arrival.
__device__ __forceinline__ void cluster_wait() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#else
  __trap();
#endif
}

namespace detail {

// The dynamic shared memory of the block. Arrays are identified by their byte offset.
extern __shared__ __align__(1024) unsigned char shared_memory[];

__device__ __forceinline__ std::uint32_t shared_address(std::uint32_t byte_offset) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared_memory)) + byte_offset;
}
/// The same address in block `rank` of the cluster.
__device__ __forceinline__ std::uint32_t remote_address(std::uint32_t address, int rank) {
  std::uint32_t remote = 0;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(address), "r"(rank));
#else
  __trap();
#endif
  return remote;
}
template <class To, class From>
__device__ __forceinline__ To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

}  // namespace detail

/// Makes the barriers that this thread initialised visible to the other blocks of the cluster and to
/// asynchronous stores. A cluster barrier must follow before others use them.
__device__ __forceinline__ void fence_barrier_init() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#else
  __trap();
#endif
}

/// A barrier in shared memory (8 bytes, aligned to 8). Its phase ends when `count` threads have arrived and
/// all expected bytes have been received. Phases are identified by their parity; the first has 0. Create it
/// on use (`TransactionBarrier{base + 8 * index}`): an indexed array of them goes to local memory.
struct TransactionBarrier {
  std::uint32_t byte_offset;

  __device__ __forceinline__ void init(int count) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(detail::shared_address(byte_offset)),
                 "r"(count)
                 : "memory");
#else
    __trap();
#endif
  }
  /// Arrives once and makes the phase wait for `bytes` more bytes of store_async.
  __device__ __forceinline__ void arrive_expect(std::uint32_t bytes) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile(
        "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(detail::shared_address(byte_offset)),
        "r"(bytes)
        : "memory");
#else
    __trap();
#endif
  }
  /// Waits until the phase of this parity has ended. Afterwards data that store_async sent to this block is
  /// visible. The acquire has block scope, because shared memory is not cached. An acquire with cluster scope
  /// would invalidate the L1 cache at each step, which costs 3 to 6 % of a step on an H100.
  __device__ __forceinline__ void wait(std::uint32_t parity) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n"
        ".reg .pred over;\n"
        "WAIT_%=:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n"
        "@over bra OVER_%=;\n"
        "bra WAIT_%=;\n"
        "OVER_%=:\n"
        "}" ::"r"(detail::shared_address(byte_offset)),
        "r"(parity)
        : "memory");
#else
    __trap();
#endif
  }
};

/// Elements of T (4, 8 or 16 bytes) from `byte_offset` of the block's dynamic shared memory. Create it on
/// use: an indexed array of them goes to local memory.
template <class T>
struct SharedArray {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  std::uint32_t byte_offset;

  __device__ __forceinline__ T load(int index) const {
    return reinterpret_cast<const T*>(detail::shared_memory + byte_offset)[index];
  }
  __device__ __forceinline__ void store(int index, T value) const {
    reinterpret_cast<T*>(detail::shared_memory + byte_offset)[index] = value;
  }
  /// Stores to the same array of block `rank` of the cluster, where it is visible after a cluster barrier.
  __device__ __forceinline__ void store_remote(int rank, int index, T value) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    const std::uint32_t to = detail::remote_address(address(index), rank);
    if constexpr (sizeof(T) == 16) {
      const auto word = detail::bits_as<uint4>(value);
      asm volatile("st.shared::cluster.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(word.x), "r"(word.y),
                   "r"(word.z), "r"(word.w)
                   : "memory");
    } else if constexpr (sizeof(T) == 8) {
      const auto word = detail::bits_as<uint2>(value);
      asm volatile("st.shared::cluster.v2.b32 [%0], {%1, %2};" ::"r"(to), "r"(word.x), "r"(word.y)
                   : "memory");
    } else {
      asm volatile("st.shared::cluster.b32 [%0], %1;" ::"r"(to), "r"(detail::bits_as<std::uint32_t>(value))
                   : "memory");
    }
#else
    __trap();
#endif
  }
  /// The same, asynchronously, counted by that block's barrier at `barrier`. Not defined in clusters of one
  /// block.
  __device__ __forceinline__ void store_async(int rank, int index, T value,
                                              TransactionBarrier barrier) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    const std::uint32_t to = detail::remote_address(address(index), rank);
    const std::uint32_t counter = detail::remote_address(detail::shared_address(barrier.byte_offset), rank);
    if constexpr (sizeof(T) == 16) {
      const auto word = detail::bits_as<uint4>(value);
      asm volatile(
          "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1, %2, %3, %4}, [%5];" ::
              "r"(to),
          "r"(word.x), "r"(word.y), "r"(word.z), "r"(word.w), "r"(counter)
          : "memory");
    } else if constexpr (sizeof(T) == 8) {
      const auto word = detail::bits_as<uint2>(value);
      asm volatile(
          "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.b32 [%0], {%1, %2}, [%3];" ::"r"(to),
          "r"(word.x), "r"(word.y), "r"(counter)
          : "memory");
    } else {
      asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32 [%0], %1, [%2];" ::"r"(to),
                   "r"(detail::bits_as<std::uint32_t>(value)), "r"(counter)
                   : "memory");
    }
#else
    __trap();
#endif
  }

 private:
  __device__ __forceinline__ std::uint32_t address(int index) const {
    return detail::shared_address(byte_offset) + static_cast<std::uint32_t>(index) * sizeof(T);
  }
};

// Pairs of 16-bit floats in a word; `low` has the lower address. Rounded to nearest, ties to even.
__device__ __forceinline__ float bf16_low(std::uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float bf16_high(std::uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }
__device__ __forceinline__ std::uint32_t pack_bf16(float low, float high) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  const auto rounded = [](float value) {
    const std::uint32_t bits = __float_as_uint(value);
    return value != value ? 0x7fffu : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  };
  return rounded(high) << 16 | rounded(low);
#endif
}
__device__ __forceinline__ float f16_low(std::uint32_t pair) {
  float value;
  asm("{.reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, low;}" : "=f"(value) : "r"(pair));
  return value;
}
__device__ __forceinline__ float f16_high(std::uint32_t pair) {
  float value;
  asm("{.reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, high;}" : "=f"(value) : "r"(pair));
  return value;
}
__device__ __forceinline__ std::uint32_t pack_f16(float low, float high) {
  std::uint32_t pair;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
#else
  asm("{.reg .b16 low, high; cvt.rn.f16.f32 low, %2; cvt.rn.f16.f32 high, %1; mov.b32 %0, {low, high};}"
      : "=r"(pair)
      : "f"(high), "f"(low));
#endif
  return pair;
}

/// d [16, 8] += a [16, 16] b [16, 8]; a by rows and b by columns, in the fragments of PTX's mma.m16n8k16.
/// With row = lane / 4 and pair = 2 (lane % 4) these are:
///   d: (row, pair), (row, pair + 1), (row + 8, pair), (row + 8, pair + 1)
///   a, in words: (row, pair), (row + 8, pair), (row, pair + 8), (row + 8, pair + 8)
///   b, in words: (pair, row), (pair + 8, row)
__device__ __forceinline__ void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}
__device__ __forceinline__ void mma_f16(float (&d)[4], const std::uint32_t (&a)[4],
                                        const std::uint32_t (&b)[2]) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}

/// Loads from an aligned address of global memory with an ordinary load, because the buffer may change during
/// the kernel.
template <class T>
__device__ __forceinline__ T load_global(const T* from) {
  return *from;
}
/// Stores a value that this kernel does not read again. T: float, double, int, unsigned or a vector type.
template <class T>
__device__ __forceinline__ void store_streaming(T* to, T value) {
  __stcs(to, value);
}
/// Sets `*word`, of 4 or 8 bytes, to `value` if it equals `expected`. Returns the old value.
template <class T>
__device__ __forceinline__ T compare_and_set(T* word, std::type_identity_t<T> expected,
                                             std::type_identity_t<T> value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  using Bits = std::conditional_t<sizeof(T) == 4, unsigned, unsigned long long>;
  return detail::bits_as<T>(atomicCAS(reinterpret_cast<Bits*>(word), detail::bits_as<Bits>(expected),
                                      detail::bits_as<Bits>(value)));
}

// For programmatic launch: accesses to memory shared with the previous kernel must come after the wait.
__device__ __forceinline__ void wait_for_previous_kernel() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ __forceinline__ void let_next_kernel_start() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// Clock cycles of the multiprocessor.
__device__ __forceinline__ long long clock() { return clock64(); }

/// a b, rounded: never fused with an addition.
__device__ __forceinline__ float product(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ double product(double a, double b) { return __dmul_rn(a, b); }

__device__ __forceinline__ float exp(float x) { return expf(x); }
__device__ __forceinline__ float tanh(float x) { return tanhf(x); }
/// Error at most 2 + |1.16 x| ulp.
__device__ __forceinline__ float fast_exp(float x) { return __expf(x); }
/// Error at most 2 ulp; 0 for |divisor| between 2^126 and 2^128.
__device__ __forceinline__ float fast_divide(float x, float divisor) { return __fdividef(x, divisor); }
/// Relative error 2^-11.
__device__ __forceinline__ float fast_tanh(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

}  // namespace lstmlib::cuda::simt
