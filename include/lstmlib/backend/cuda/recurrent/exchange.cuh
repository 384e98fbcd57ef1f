// SPDX-License-Identifier: MIT
#pragma once
// How the blocks of a cluster exchange the numbers of each step: two buffers in turn in each block's shared
// memory, and for each a barrier that counts the bytes that come.

#include "lstmlib/backend/cuda/simt.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Of one block. L: a layout. In a cluster of one block nothing comes, and sync_block takes the place of the
/// barriers.
template <class L>
struct Exchange {
  std::uint32_t bytes;  ///< that come to this block in each exchange; 0: it takes no part

  // Made where it is used: an indexed array of barriers would go to local memory.
  __device__ __forceinline__ static simt::TransactionBarrier barrier(int buffer) {
    return {L::barriers + static_cast<std::uint32_t>(buffer) * 8};
  }
  /// By all threads of the cluster, before the first numbers are sent; what they stored before is seen behind
  /// it.
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
  /// Until all of exchange `number` of `exchanges` (from 0) is in `buffer`; makes the barrier ready for
  /// number + 2.
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
