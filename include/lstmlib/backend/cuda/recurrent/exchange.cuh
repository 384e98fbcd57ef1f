// SPDX-License-Identifier: MIT
#pragma once
// How the blocks of a cluster exchange data in each step: two alternating buffers in each block's shared
// memory, each with a barrier that counts the bytes received.

#include "lstmlib/backend/cuda/simt.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The exchange of one block. L: a layout. A cluster of one block receives nothing and uses sync_block
/// instead of the barriers.
template <class L>
struct Exchange {
  std::uint32_t bytes;  ///< received by this block in each exchange; 0: it takes no part

  // Created on use: an indexed array of barriers would go to local memory.
  __device__ __forceinline__ static simt::TransactionBarrier barrier(int buffer) {
    return {L::barriers + static_cast<std::uint32_t>(buffer) * 8};
  }
  /// Call by all threads of the cluster before any data is sent. Earlier stores are visible to all threads
  /// afterwards.
  __device__ __forceinline__ void begin() const {
    if constexpr (L::clustered) {
      if (simt::thread_index() == 0) {
        barrier(0).init(1);
        barrier(1).init(1);
        simt::fence_barrier_init();
        if (bytes > 0) {
          barrier(0).arrive_expect(bytes);
          barrier(1).arrive_expect(bytes);
        }
      }
      simt::cluster_arrive();
      simt::cluster_wait();
    } else {
      simt::sync_block();
    }
  }
  /// Waits until all data of exchange `number` of `exchanges` (from 0) is in `buffer`. Prepares the barrier
  /// for exchange number + 2.
  __device__ __forceinline__ void wait(int buffer, int number, int exchanges) const {
    if constexpr (L::clustered) {
      barrier(buffer).wait(static_cast<std::uint32_t>(number >> 1) & 1);
      if (simt::thread_index() == 0 && number + 2 < exchanges) barrier(buffer).arrive_expect(bytes);
    } else {
      simt::sync_block();
    }
  }
};

}  // namespace lstmlib::cuda
