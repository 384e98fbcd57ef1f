// SPDX-License-Identifier: MIT
#pragma once
// Asynchronous copies from the host: bytes are staged in pinned memory until the device has read them.

#include "lstmlib/backend/cuda/stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

class Staging {
 private:
  /// Pinned memory. The event completes when the device has read the last contents.
  struct Chunk {
    std::byte* data = nullptr;
    cudaEvent_t read = nullptr;
  };

 public:
  explicit Staging(Stream& stream) : stream_(stream) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    (void)cudaStreamSynchronize(stream_.handle());
    for (const Chunk& chunk : busy_) destroy(chunk);
    for (const Chunk& chunk : captured_) destroy(chunk);
    if (current_.data) destroy(current_);
  }

  /// `from` may be changed as soon as this returns.
  void copy(void* to, const void* from, std::size_t bytes) {
    const auto exclusive = stream_.exclusive();
    const std::lock_guard lock(mutex_);
    const CurrentDevice scope(stream_.device());
    for (std::size_t done = 0; done < bytes;) {
      if (!current_.data || used_ == chunk_bytes) next_chunk();
      const std::size_t some = std::min(bytes - done, chunk_bytes - used_);
      std::byte* staged = current_.data + used_;
      std::memcpy(staged, static_cast<const std::byte*>(from) + done, some);
      current_captured_ = current_captured_ || stream_.capturing();
      used_ = std::min(chunk_bytes, (used_ + some + alignment - 1) / alignment * alignment);
      check(cudaMemcpyAsync(static_cast<std::byte*>(to) + done, staged, some, cudaMemcpyHostToDevice,
                            stream_.handle()),
            "copy from the host");
      done += some;
    }
  }

  /// The chunks that a captured graph reads each time it runs. The destructor releases them; they are reused
  /// when the device has finished all earlier work. Must not outlive the Staging.
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), chunks_(std::move(other.chunks_)) {}
    Held& operator=(Held&& other) noexcept {
      std::swap(owner_, other.owner_);
      chunks_.swap(other.chunks_);
      return *this;
    }
    ~Held() {
      if (owner_) owner_->take_back(chunks_);
    }

   private:
    friend Staging;
    Staging* owner_ = nullptr;
    std::vector<Chunk> chunks_;
  };
  /// The chunks of the capture that has just ended.
  Held hold_captured() {
    const std::lock_guard lock(mutex_);
    Held held;
    held.owner_ = this;
    held.chunks_ = std::exchange(captured_, {});
    if (current_captured_) held.chunks_.push_back(std::exchange(current_, {}));
    current_captured_ = false;
    return held;
  }

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 20, alignment = 256;
  static constexpr std::size_t max_busy = 16;  ///< number of chunks; beyond it, a copy waits for the device

  void next_chunk() {
    if (current_.data) {
      const Chunk full = std::exchange(current_, {});
      // An event recorded inside a capture never completes, so the chunk must wait for the graph.
      if (std::exchange(current_captured_, false) || stream_.capturing()) captured_.push_back(full);
      else mark(full);
    }
    used_ = 0;
    if (!busy_.empty()) {
      cudaError_t state = cudaEventQuery(busy_.front().read);
      if (state == cudaErrorNotReady) {
        (void)cudaGetLastError();
        if (busy_.size() >= max_busy && !stream_.capturing())
          state = cudaEventSynchronize(busy_.front().read);
      }
      if (state != cudaErrorNotReady) {
        check(state, "wait for a copy from the host");
        current_ = busy_.front();
        busy_.pop_front();
        return;
      }
    }
    void* data = nullptr;
    check(cudaMallocHost(&data, chunk_bytes), "pinned memory");
    current_.data = static_cast<std::byte*>(data);
    check(cudaEventCreateWithFlags(&current_.read, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  }
  /// The chunk becomes free when the device reaches this point of the stream.
  void mark(const Chunk& chunk) {
    busy_.push_back(chunk);
    check(cudaEventRecord(chunk.read, stream_.handle()), "cudaEventRecord");
  }
  void take_back(const std::vector<Chunk>& chunks) noexcept {
    const std::lock_guard lock(mutex_);
    for (const Chunk& chunk : chunks) try {
        mark(chunk);
      } catch (...) {  // the device is lost: nothing will read the chunk
      }
  }
  static void destroy(const Chunk& chunk) {
    (void)cudaEventDestroy(chunk.read);
    (void)cudaFreeHost(chunk.data);
  }

  Stream& stream_;
  std::mutex mutex_;
  Chunk current_;
  std::size_t used_ = 0;
  bool current_captured_ = false;
  std::deque<Chunk> busy_;       ///< marked, oldest first
  std::vector<Chunk> captured_;  ///< full chunks of the current capture
};

}  // namespace lstmlib::cuda
