// SPDX-License-Identifier: MIT
#pragma once
// The order of a device's work: one stream, on which kernels and copies run one after another.

#include "lstmlib/backend/cuda/check.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Makes `device` the one that the calling thread's runtime calls mean, until the end of the scope.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) : device_(device) {
    check(cudaGetDevice(&before_), "cudaGetDevice");
    if (before_ != device_) check(cudaSetDevice(device_), "cudaSetDevice");
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;
  ~CurrentDevice() {
    if (before_ != device_) (void)cudaSetDevice(before_);
  }

 private:
  int device_, before_ = 0;
};

/// Work of other streams that belongs to a stream's, and must not reach across the border of a capture.
class Beside {
 public:
  /// Lets the stream wait for all of it.
  virtual cudaError_t join_all() noexcept = 0;

 protected:
  ~Beside() = default;
};

class Stream {
 public:
  explicit Stream(int device) : device_(device) {
    const CurrentDevice scope(device_);
    check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { (void)cudaStreamDestroy(handle_); }

  int device() const { return device_; }
  cudaStream_t handle() const { return handle_; }
  /// Held by who gives work to the stream, and, from its beginning to its end, by who captures: a thread's
  /// graph has nothing of other threads. Before any other lock.
  std::unique_lock<std::recursive_mutex> exclusive() { return std::unique_lock(mutex_); }
  /// Waits until all work given so far is done.
  void synchronise() { check(cudaStreamSynchronize(handle_), "cudaStreamSynchronize"); }

  /// True between begin_capture and end_capture: work is written down for a graph and does not run.
  bool capturing() const { return capturing_; }
  /// Relaxed: memory may be asked for meanwhile.
  void begin_capture() {
    for (Beside* beside : beside_) check(beside->join_all(), "wait for work beside the stream");
    check(cudaStreamBeginCapture(handle_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
    capturing_ = true;
    ++captures_;
  }
  /// The number of the capture that is under way; 0: none.
  std::size_t capture() const { return capturing_ ? captures_ : 0; }
  /// To be called for a capture whose graph will not run.
  void abandon(std::size_t capture) { abandoned_.push_back(capture); }
  bool abandoned(std::size_t capture) const {
    return std::find(abandoned_.begin(), abandoned_.end(), capture) != abandoned_.end();
  }
  /// The graph is the caller's.
  cudaGraph_t end_capture() {
    for (Beside* beside : beside_) (void)beside->join_all();  // where it fails, so does the end
    capturing_ = false;
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(handle_, &graph), "cudaStreamEndCapture");
    return graph;
  }

  /// `beside` is joined before a capture begins and before it ends, until it is detached.
  void attach(Beside& beside) {
    const auto lock = exclusive();
    beside_.push_back(&beside);
  }
  void detach(Beside& beside) {
    const auto lock = exclusive();
    std::erase(beside_, &beside);
  }

 private:
  int device_;
  std::recursive_mutex mutex_;
  cudaStream_t handle_ = nullptr;
  bool capturing_ = false;
  std::size_t captures_ = 0;
  std::vector<std::size_t> abandoned_;  ///< few: each was an error
  std::vector<Beside*> beside_;
};

}  // namespace lstmlib::cuda
