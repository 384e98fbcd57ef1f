// SPDX-License-Identifier: MIT
#pragma once
// The stream of a device, which runs kernels and copies one after another.

#include "lstmlib/backend/cuda/check.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Sets the calling thread's current device until the end of the scope.
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

/// Work of other streams that belongs to a stream. It must not cross the borders of a capture.
class AttachedWork {
 public:
  /// Makes the stream wait for all of it.
  virtual cudaError_t join_all() noexcept = 0;

 protected:
  ~AttachedWork() = default;
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
  /// A lock to hold while enqueuing work and during a whole capture, so that a graph has work of one thread
  /// only. Take it before any other lock.
  std::unique_lock<std::recursive_mutex> exclusive() { return std::unique_lock(mutex_); }
  /// Waits for all work enqueued so far.
  void synchronise() { check(cudaStreamSynchronize(handle_), "cudaStreamSynchronize"); }

  /// True between begin_capture and end_capture: work is recorded for a graph and does not run.
  bool capturing() const { return capturing_; }
  /// Relaxed mode, because memory may be allocated during the capture.
  void begin_capture() {
    for (AttachedWork* work : attached_) check(work->join_all(), "wait for work attached to the stream");
    check(cudaStreamBeginCapture(handle_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
    capturing_ = true;
    ++captures_;
  }
  /// Number of the current capture; 0: none.
  std::size_t capture() const { return capturing_ ? captures_ : 0; }
  /// Call it for a capture whose graph will not run.
  void abandon(std::size_t capture) { abandoned_.push_back(capture); }
  bool abandoned(std::size_t capture) const {
    return std::find(abandoned_.begin(), abandoned_.end(), capture) != abandoned_.end();
  }
  /// The caller owns the graph.
  cudaGraph_t end_capture() {
    for (AttachedWork* work : attached_)
      (void)work->join_all();  // if it fails, ending the capture fails, too
    capturing_ = false;
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(handle_, &graph), "cudaStreamEndCapture");
    return graph;
  }

  /// Joins `work` before each capture begins and before it ends, until it is detached.
  void attach(AttachedWork& work) {
    const auto lock = exclusive();
    attached_.push_back(&work);
  }
  void detach(AttachedWork& work) {
    const auto lock = exclusive();
    std::erase(attached_, &work);
  }

 private:
  int device_;
  std::recursive_mutex mutex_;
  cudaStream_t handle_ = nullptr;
  bool capturing_ = false;
  std::size_t captures_ = 0;
  std::vector<std::size_t> abandoned_;  ///< few: each one was an error
  std::vector<AttachedWork*> attached_;
};

}  // namespace lstmlib::cuda
