// SPDX-License-Identifier: MIT
#pragma once
// All that the kernels of one device share: its stream, memory, copies, graphs, errors and cuBLAS.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/backend/cuda/blas.hpp"
#include "lstmlib/backend/cuda/data_errors.hpp"
#include "lstmlib/backend/cuda/graph.hpp"
#include "lstmlib/backend/cuda/memory.hpp"
#include "lstmlib/backend/cuda/staging.hpp"

#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

struct Context {
  explicit Context(int device)
      : stream(device), staging(stream), graphs(stream, memory, staging), blas(stream, memory) {}

  void* allocate(std::size_t bytes) { return memory.allocate(stream, bytes); }
  void release(void* data, std::size_t bytes) noexcept { memory.release(stream, data, bytes); }
  /// Waits for the device, and throws what kernels have found wrong with their data.
  void synchronise() {
    const auto exclusive = stream.exclusive();
    const Graphs::Interruption interruption(graphs);
    stream.synchronise();
    errors.throw_reported();
  }

  Stream stream;
  DeviceMemory memory;
  Staging staging;
  Graphs graphs;
  DataErrors errors;
  Blas blas;
};

/// Memory of the device for a kernel or a few, as long as this object lives: what comes later on the stream
/// may have it again.
class Scratch {
 public:
  explicit Scratch(Context& context) : context_(context) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    for (const auto& [data, bytes] : taken_) context_.release(data, bytes);
  }

  /// Uninitialised.
  template <class T>
  View<T> take(Shape shape) {
    const auto bytes = static_cast<std::size_t>(shape.elements()) * sizeof(T);
    taken_.reserve(taken_.size() + 1);
    void* data = context_.allocate(bytes);
    taken_.emplace_back(data, bytes);
    return {static_cast<T*>(data), shape};
  }

 private:
  Context& context_;
  std::vector<std::pair<void*, std::size_t>> taken_;
};

}  // namespace lstmlib::cuda
