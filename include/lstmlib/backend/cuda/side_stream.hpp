// SPDX-License-Identifier: MIT
#pragma once
// A second stream of a device, for work parallel to the back end's. Events order the two streams, so that a
// capture includes the work of both.

#include "lstmlib/backend/cuda/stream.hpp"

#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// All calls must hold `exclusive()` of the main stream.
class SideStream final : private AttachedWork {
 private:
  /// An event that is not used elsewhere.
  struct Event {
    explicit Event(SideStream& from) : owner(from), handle(from.take()) {}
    Event(Event&& other) noexcept : owner(other.owner), handle(std::exchange(other.handle, nullptr)) {}
    Event& operator=(Event&&) = delete;
    ~Event() {
      if (handle) owner.free_.push_back(handle);
    }
    SideStream& owner;
    cudaEvent_t handle;
  };

 public:
  explicit SideStream(Stream& main) : main_(main), side_(main.device()) { main_.attach(*this); }
  SideStream(const SideStream&) = delete;
  SideStream& operator=(const SideStream&) = delete;
  /// Waits for the work of this stream.
  ~SideStream() {
    main_.detach(*this);
    (void)cudaStreamSynchronize(side_.handle());
    for (const cudaEvent_t event : free_) (void)cudaEventDestroy(event);
  }

  Stream& stream() { return side_; }

  /// Later work of this stream starts when all earlier work of the main stream has finished.
  void fork() {
    const Event event(*this);
    check(cudaEventRecord(event.handle, main_.handle()), "cudaEventRecord");
    check(cudaStreamWaitEvent(side_.handle(), event.handle), "cudaStreamWaitEvent");
    open_ = true;
  }

  /// A point in the work of this stream. Must not outlive the stream.
  class Mark {
   private:
    friend SideStream;
    Mark(SideStream& owner, std::size_t border) : event_(owner), border_(border) {}
    Event event_;
    std::size_t border_;
  };
  /// Marks the end of this stream's work so far.
  Mark mark() {
    Mark made(*this, borders_);
    check(cudaEventRecord(made.event_.handle, side_.handle()), "cudaEventRecord");
    return made;
  }
  /// Later work of the main stream starts when this stream has reached `mark`.
  void join(const Mark& mark) {
    if (mark.border_ != borders_) return;  // already joined, or part of a capture that did not run
    check(cudaStreamWaitEvent(main_.handle(), mark.event_.handle), "cudaStreamWaitEvent");
  }

 private:
  cudaError_t join_all() noexcept override {
    ++borders_;
    if (!std::exchange(open_, false)) return cudaSuccess;
    try {
      const Event event(*this);
      const cudaError_t recorded = cudaEventRecord(event.handle, side_.handle());
      return recorded == cudaSuccess ? cudaStreamWaitEvent(main_.handle(), event.handle) : recorded;
    } catch (const DeviceError&) {
      return cudaErrorUnknown;  // no event could be created
    }
  }
  cudaEvent_t take() {
    // Reserves memory now, so that a destructor can return the event without allocating.
    if (free_.empty()) {
      free_.reserve(++events_);
      const CurrentDevice scope(side_.device());
      cudaEvent_t made = nullptr;
      check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "cudaEventCreateWithFlags");
      return made;
    }
    const cudaEvent_t event = free_.back();
    free_.pop_back();
    return event;
  }

  Stream& main_;
  Stream side_;
  std::vector<cudaEvent_t> free_;
  std::size_t events_ = 0;
  std::size_t borders_ = 0;  ///< number of capture borders so far
  bool open_ = false;        ///< has work that was forked after the last border
};

}  // namespace lstmlib::cuda
