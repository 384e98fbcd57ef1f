// SPDX-License-Identifier: MIT
#pragma once
// Streams and events. Work is queued, and done as late as CUDA allows: when somebody waits for it. Capture
// writes it down for a graph instead.

#include "lstmlib/version.hpp"

#include "memory_table.hpp"

#include "../model/options.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// Something that a stream does. Two graphs have the same topology if their works agree in kind and function.
struct Work {
  enum class Kind : std::uint8_t { kernel, copy, set, host, library, graph, event };
  Kind kind = Kind::kernel;
  std::string name;                ///< for reports
  const void* function = nullptr;  ///< the kernel
  std::function<void()> run;
  std::uint64_t number = 0;  ///< in the order of the calls
};

struct Capture {
  cudaStream_t origin = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  bool valid = true;
  std::vector<Work> works;
};

}  // namespace lstmlib::cuda::model

struct CUstream_st {
  bool waits_for_legacy = false;  ///< ordered with the stream 0
  std::deque<lstmlib::cuda::model::Work> queue;
  std::shared_ptr<lstmlib::cuda::model::Capture> capture;
  std::uint64_t captured = 0, joined = 0;  ///< works of the capture; those that another stream has waited for
};
struct CUevent_st {
  cudaStream_t stream = nullptr;  ///< that recorded it last
  std::uint64_t number = 0;       ///< of the last work before
  std::shared_ptr<lstmlib::cuda::model::Capture> capture;
};

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// All streams of the process.
class Streams {
 public:
  cudaStream_t add(bool waits_for_legacy) {
    streams_.push_back(std::make_unique<CUstream_st>());
    streams_.back()->waits_for_legacy = waits_for_legacy;
    return streams_.back().get();
  }
  void remove(cudaStream_t stream) {
    std::erase_if(streams_, [&](const auto& known) { return known.get() == stream; });
  }
  /// Stream 0 stands for the legacy stream.
  cudaStream_t resolve(cudaStream_t stream) {
    if (!stream) return &legacy_;
    return std::any_of(streams_.begin(), streams_.end(),
                       [&](const auto& known) { return known.get() == stream; })
               ? stream
               : nullptr;
  }

  /// Queues the work, or writes it down for the graph that the stream captures.
  cudaError_t add(cudaStream_t handle, Work work) {
    const cudaStream_t stream = resolve(handle);
    if (const auto error = usable(stream); error != cudaSuccess) return error;
    if (const auto& capture = stream->capture) {
      capture->works.push_back(std::move(work));
      ++stream->captured;
      return cudaSuccess;
    }
    work.number = ++number_;
    stream->queue.push_back(std::move(work));
    return cudaSuccess;
  }
  /// Whether work may be given to a stream now.
  cudaError_t usable(cudaStream_t stream) {
    if (const auto error = device_error(); error != cudaSuccess) return error;
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->capture && !stream->capture->valid) return cudaErrorStreamCaptureInvalidated;
    if (stream == &legacy_)
      for (const auto& other : streams_)
        if (other->capture && other->waits_for_legacy) {
          other->capture->valid = false;
          return cudaErrorStreamCaptureImplicit;
        }
    return cudaSuccess;
  }
  /// For calls that may wait for the device: not allowed during a capture, unless it is relaxed.
  cudaError_t allow_waiting() {
    if (const auto error = device_error(); error != cudaSuccess) return error;
    for (const auto& stream : streams_) {
      const auto& capture = stream->capture;
      if (!capture || capture->mode == cudaStreamCaptureModeRelaxed) continue;
      if (capture->mode == cudaStreamCaptureModeThreadLocal && capture->thread != std::this_thread::get_id())
        continue;
      capture->valid = false;
      return cudaErrorStreamCaptureUnsupported;
    }
    return cudaSuccess;
  }
  /// For calls that wait for all streams: not allowed during any capture.
  cudaError_t allow_waiting_for_all() {
    for (const auto& stream : streams_)
      if (stream->capture) {
        stream->capture->valid = false;
        return cudaErrorStreamCaptureUnsupported;
      }
    return device_error();
  }

  /// Ends a capture for all its streams; false if one has work that nobody has waited for.
  bool leave(const std::shared_ptr<Capture>& capture) {
    bool joined = true;
    for (const auto& stream : streams_) {
      if (stream->capture != capture) continue;
      if (stream.get() != capture->origin) joined = joined && stream->joined >= stream->captured;
      stream->capture = nullptr;
    }
    return joined;
  }

  std::uint64_t last_number() const { return number_; }
  bool done(cudaStream_t stream, std::uint64_t number) const {
    return stream->queue.empty() || stream->queue.front().number > number;
  }
  /// Does the work of `stream` up to this number, and what must come before it. Throws what a kernel did
  /// wrong; then the rest of all streams' work is forgotten.
  void run(cudaStream_t stream, std::uint64_t number = ~std::uint64_t{0}) {
    if (pending_) std::rethrow_exception(std::exchange(pending_, nullptr));
    if (done(stream, number)) return;
    const DeviceMemoryVisible visible;
    try {
      work(stream, number);
    } catch (...) {
      legacy_.queue.clear();
      for (const auto& known : streams_) known->queue.clear();
      throw;
    }
  }
  void run_all() {
    run(&legacy_);
    for (std::size_t i = 0; i < streams_.size(); ++i) run(streams_[i].get());
  }
  /// The same for calls of destructors: what a kernel did wrong is thrown by the next call that may.
  void run_quietly(const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "while memory, a stream or a graph is freed: %s\n", error.what());
      pending_ = std::current_exception();
    }
  }
  cudaStream_t legacy() { return &legacy_; }

 private:
  void work(cudaStream_t stream, std::uint64_t number) {
    while (!done(stream, number)) {
      const Work next = std::move(stream->queue.front());
      stream->queue.pop_front();
      if (stream == &legacy_) {
        for (std::size_t i = 0; i < streams_.size(); ++i)
          if (streams_[i]->waits_for_legacy) work(streams_[i].get(), next.number);
      } else if (stream->waits_for_legacy) {
        work(&legacy_, next.number);
      }
      next.run();
    }
  }

  CUstream_st legacy_;
  std::vector<std::unique_ptr<CUstream_st>> streams_;
  std::uint64_t number_ = 0;
  std::exception_ptr pending_;
};
inline Streams& streams() {
  static auto* all = new Streams;  // for destructors of static objects
  return *all;
}

/// For stand-ins of libraries: a stream does `run` when its turn comes.
inline cudaError_t enqueue(cudaStream_t stream, const std::string& name, std::function<void()> run,
                           Work::Kind kind = Work::Kind::library, const void* function = nullptr) {
  const RuntimeLock lock(runtime_mutex());
  return result(streams().add(stream, {kind, name, function, std::move(run), 0}));
}

}  // namespace lstmlib::cuda::model

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  *stream = model::streams().add((flags & cudaStreamNonBlocking) == 0);
  return cudaSuccess;
}
inline cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  if (!stream || !streams.resolve(stream)) return model::result(cudaErrorInvalidResourceHandle);
  streams.run_quietly([&] { streams.run(stream); });
  streams.remove(stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  const cudaStream_t stream = streams.resolve(handle);
  if (!stream) return model::result(cudaErrorInvalidResourceHandle);
  if (stream->capture) {
    stream->capture->valid = false;
    return model::result(cudaErrorStreamCaptureUnsupported);
  }
  if (const auto error = streams.allow_waiting(); error != cudaSuccess) return model::result(error);
  if (const auto error = streams.usable(stream); error != cudaSuccess) return model::result(error);
  streams.run(stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamQuery(cudaStream_t handle) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  const cudaStream_t stream = streams.resolve(handle);
  if (!stream) return model::result(cudaErrorInvalidResourceHandle);
  if (stream->capture) {
    stream->capture->valid = false;
    return model::result(cudaErrorStreamCaptureUnsupported);
  }
  if (const auto error = streams.allow_waiting(); error != cudaSuccess) return model::result(error);
  return model::result(stream->queue.empty() ? cudaSuccess : cudaErrorNotReady);
}
inline cudaError_t cudaDeviceSynchronize() {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::streams().allow_waiting_for_all(); error != cudaSuccess)
    return model::result(error);
  model::streams().run_all();
  return cudaSuccess;
}
inline cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return lstmlib::cuda::model::enqueue(
      stream, "host function", [function, data] { function(data); }, lstmlib::cuda::model::Work::Kind::host);
}

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const auto error = lstmlib::cuda::model::device_error(); error != cudaSuccess)
    return lstmlib::cuda::model::result(error);
  *event = new CUevent_st;
  return cudaSuccess;
}
inline cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle = nullptr) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  const cudaStream_t stream = streams.resolve(handle);
  if (const auto error = streams.usable(stream); error != cudaSuccess) return model::result(error);
  event->stream = stream;
  event->capture = stream->capture;
  event->number = stream->capture ? stream->captured : streams.last_number();
  return cudaSuccess;
}
inline cudaError_t cudaEventQuery(cudaEvent_t event) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::streams().allow_waiting(); error != cudaSuccess) return model::result(error);
  if (event->capture) return model::result(cudaErrorCapturedEvent);
  const cudaStream_t stream =
      event->stream == model::streams().legacy() ? event->stream : model::streams().resolve(event->stream);
  const bool done = !event->stream || !stream || model::streams().done(stream, event->number);
  return model::result(done ? cudaSuccess : cudaErrorNotReady);
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::streams().allow_waiting(); error != cudaSuccess) return model::result(error);
  if (event->capture) return model::result(cudaErrorCapturedEvent);
  const cudaStream_t stream =
      event->stream == model::streams().legacy() ? event->stream : model::streams().resolve(event->stream);
  if (event->stream && stream) model::streams().run(stream, event->number);
  return cudaSuccess;
}
/// Time passes for the host alone: 0.
inline cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  if (const auto error = cudaEventQuery(start); error != cudaSuccess) return error;
  if (const auto error = cudaEventQuery(end); error != cudaSuccess) return error;
  *milliseconds = 0;
  return cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned = 0) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  const cudaStream_t stream = streams.resolve(handle);
  if (const auto error = streams.usable(stream); error != cudaSuccess) return model::result(error);
  if (event->capture) {
    if (!event->capture->valid) return model::result(cudaErrorStreamCaptureInvalidated);
    if (stream->capture && stream->capture != event->capture) {
      stream->capture->valid = event->capture->valid = false;
      return model::result(cudaErrorStreamCaptureMerge);
    }
    if (!stream->capture) {  // the stream joins the capture
      stream->capture = event->capture;
      stream->captured = stream->joined = 0;
    }
    event->stream->joined = (std::max)(event->stream->joined, event->number);
    return cudaSuccess;
  }
  if (stream->capture) {
    stream->capture->valid = false;
    return model::result(cudaErrorStreamCaptureIsolation);
  }
  const cudaStream_t from =
      event->stream == streams.legacy() ? event->stream : streams.resolve(event->stream);
  if (!event->stream || !from || from == stream) return cudaSuccess;
  return model::enqueue(
      handle, "wait for an event",
      [from, number = event->number] {
        auto& all = model::streams();
        if (from == all.legacy() || all.resolve(from)) all.run(from, number);
      },
      model::Work::Kind::event);
}
