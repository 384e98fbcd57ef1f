// SPDX-License-Identifier: MIT
#pragma once
// Runs work of a device as one CUDA graph: what is enqueued on the stream is captured and then launched as a
// whole. The host makes one call instead of hundreds, and the device has no gaps between kernels.

#include "lstmlib/base/function_ref.hpp"
#include "lstmlib/backend/cuda/graph_nodes.hpp"
#include "lstmlib/backend/cuda/memory.hpp"
#include "lstmlib/backend/cuda/staging.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Instantiated graphs. A graph made for one batch is reused for later ones with the same kernels, usually
/// batches with the same number of steps. It is updated with new addresses and sizes, which is cheaper than
/// instantiating again.
class ReadyGraphs {
 public:
  ReadyGraphs() = default;
  ReadyGraphs(const ReadyGraphs&) = delete;
  ReadyGraphs& operator=(const ReadyGraphs&) = delete;
  ~ReadyGraphs() { forget_all(); }

  /// Launches a captured graph. `graph` may be destroyed afterwards.
  void launch(Stream& stream, cudaGraph_t graph) {
    const auto nodes = nodes_of(graph);
    if (!nodes) return launch_once(stream, graph);
    if (nodes->empty()) return;
    const auto known = ready_.find(*nodes);
    if (known == ready_.end() || !updated(known->second.graph, graph)) {
      forget(known);
      while (ready_.size() >= max_ready) forget(oldest());
      const cudaGraphExec_t added = made_ready(graph);  // may forget all others
      ready_[*nodes].graph = added;
    }
    Ready& one = ready_[*nodes];
    one.last_use = ++uses_;
    check(cudaGraphLaunch(one.graph, stream.handle()), "cudaGraphLaunch");
  }
  static cudaGraphExec_t instantiated(cudaGraph_t graph) {
    cudaGraphExec_t made = nullptr;
    check(cudaGraphInstantiate(&made, graph, 0), "cudaGraphInstantiate");
    return made;
  }

  void forget_all() {
    while (!ready_.empty()) forget(ready_.begin());
  }

  std::size_t size() const { return ready_.size(); }
  std::size_t made() const { return made_; }  ///< instantiations so far

 private:
  struct Ready {
    cudaGraphExec_t graph = nullptr;
    std::size_t last_use = 0;
  };
  using Place = std::map<GraphNodes, Ready>::iterator;
  /// Usually more than the number of different sentence lengths.
  static constexpr std::size_t max_ready = 128;

  /// If there is not enough memory for one more graph, destroys the others.
  cudaGraphExec_t made_ready(cudaGraph_t graph) {
    ++made_;
    try {
      return instantiated(graph);
    } catch (const DeviceError&) {
      if (ready_.empty()) throw;
    }
    forget_all();
    return instantiated(graph);
  }
  /// Its memory is freed after it has run.
  void launch_once(Stream& stream, cudaGraph_t graph) {
    const cudaGraphExec_t made = made_ready(graph);
    const cudaError_t launched = cudaGraphLaunch(made, stream.handle());
    (void)cudaGraphExecDestroy(made);
    check(launched, "cudaGraphLaunch");
  }
  static bool updated(cudaGraphExec_t ready, cudaGraph_t graph) {
    cudaGraphExecUpdateResultInfo result{};
    if (cudaGraphExecUpdate(ready, graph, &result) == cudaSuccess) return true;
    (void)cudaGetLastError();  // for example, copies of another kind
    return false;
  }
  Place oldest() {
    auto found = ready_.begin();
    for (auto one = ready_.begin(); one != ready_.end(); ++one)
      if (one->second.last_use < found->second.last_use) found = one;
    return found;
  }
  void forget(Place place) {
    if (place == ready_.end()) return;
    (void)cudaGraphExecDestroy(place->second.graph);
    ready_.erase(place);
  }

  std::map<GraphNodes, Ready> ready_;
  std::size_t uses_ = 0, made_ = 0;
};

/// Runs work as graphs. While one thread captures work, other threads that use the device wait.
class Graphs {
 public:
  /// With LSTMLIB_CUDA_GRAPHS=off in the environment, kernels run one by one.
  Graphs(Stream& stream, DeviceMemory& memory, Staging& staging)
      : stream_(stream), memory_(memory), staging_(staging) {
    const char* setting = std::getenv("LSTMLIB_CUDA_GRAPHS");
    usable_ = !setting || std::string_view(setting) != "off";
  }

  /// Calls `work` once and launches what it enqueued. If it throws, nothing of that runs, and the device is
  /// unchanged. Nested calls join the outer graph. The first call runs kernel by kernel, which loads the
  /// kernels and fills the memory pool. So do all calls if the driver does not support graphs.
  void run_as_graph(FunctionRef<void()> work) {
    if (!usable_) return work();
    const auto exclusive = stream_.exclusive();
    if (inside_) return work();
    const Inside scope(inside_);
    if (!std::exchange(warm_, true)) {
      usable_ = driver_takes_graphs();
      return work();
    }
    begin();
    try {
      work();
    } catch (...) {
      discard();
      throw;
    }
    run();
  }

  /// For calls that wait for the device: the constructor launches what was captured so far, and the
  /// destructor starts another capture.
  class Interruption {
   public:
    explicit Interruption(Graphs& graphs) : graphs_(graphs), interrupts_(graphs.stream_.capturing()) {
      if (interrupts_) graphs_.run();
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() {
      if (interrupts_) graphs_.begin();
    }

   private:
    Graphs& graphs_;
    bool interrupts_;
  };

  const ReadyGraphs& ready() const { return ready_; }
  /// Destroys all instantiated graphs that are not in use. For owners of resources that the graphs refer to.
  void forget_ready() {
    const auto exclusive = stream_.exclusive();
    ready_.forget_all();
  }
  /// Whether the next work becomes a graph, as far as is known.
  bool usable() const { return usable_; }

 private:
  struct Inside {
    explicit Inside(bool& flag) : inside(flag) { inside = true; }
    ~Inside() { inside = false; }
    bool& inside;
  };
  /// Owns the graph of a capture.
  struct Captured {
    explicit Captured(Stream& stream) : graph(stream.end_capture()) {}
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    ~Captured() { (void)cudaGraphDestroy(graph); }
    cudaGraph_t graph;
  };

  void begin() noexcept {
    try {
      stream_.begin_capture();
    } catch (const DeviceError&) {
      usable_ = false;  // what follows runs immediately
    }
  }
  void run() {
    if (!stream_.capturing()) return;
    const auto capture = stream_.capture();
    try {
      const Captured captured(stream_);
      const Staging::Held copies = staging_.hold_captured();
      ready_.launch(stream_, captured.graph);
    } catch (const DeviceError&) {
      usable_ = false;  // so that the next run does not fail for the same reason
      abandon(capture);
      throw;
    }
    memory_.graph_was_launched();
  }
  void discard() noexcept {
    if (!stream_.capturing()) return;
    const auto capture = stream_.capture();
    try {
      const Captured captured(stream_);
    } catch (const DeviceError&) {
      usable_ = false;  // the driver does not support something in the capture
    }
    abandon(capture);
  }
  /// The captured work will not run.
  void abandon(std::size_t capture) noexcept {
    const Staging::Held copies = staging_.hold_captured();
    memory_.graph_was_launched();
    stream_.abandon(capture);
  }

  bool driver_takes_graphs() {
    void* data = memory_.allocate(stream_, 1);
    cudaGraphExec_t graph = nullptr;
    try {
      stream_.begin_capture();
      const cudaError_t error = cudaMemsetAsync(data, 0, 1, stream_.handle());
      const Captured captured(stream_);
      check(error, "cudaMemsetAsync");
      graph = ReadyGraphs::instantiated(captured.graph);
      check(cudaGraphLaunch(graph, stream_.handle()), "cudaGraphLaunch");
    } catch (const DeviceError&) {
      if (graph) (void)cudaGraphExecDestroy(std::exchange(graph, nullptr));
    }
    if (graph) (void)cudaGraphExecDestroy(graph);
    memory_.release(stream_, data, 1);
    return graph != nullptr;
  }

  Stream& stream_;
  DeviceMemory& memory_;
  Staging& staging_;
  ReadyGraphs ready_;
  std::atomic<bool> usable_;
  bool warm_ = false, inside_ = false;
};

}  // namespace lstmlib::cuda
