// SPDX-License-Identifier: MIT
#pragma once
// What all kernels of one device share: stream, memory, copies, graphs, data errors and cuBLAS.

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
  /// Waits for the device. Throws the data errors that kernels reported.
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

/// Device memory for one or several kernels, released by the destructor. Later work on the stream may reuse
/// it.
class Scratch {
 public:
  explicit Scratch(Context& context) : context_(context) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    for (const auto& [data, bytes] : taken_) context_.release(data, bytes);
  }

  /// Uninitialised memory. Throws DeviceError if there is not enough.
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
