// SPDX-License-Identifier: MIT
#pragma once
// A kind of device: its name, its memory, and its kernels for each element type that is computed with.

#include "lstmlib/backend/kernels/inference.hpp"
#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/kernels/update.hpp"
#include "lstmlib/base/function_ref.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI {

/// Everything that runs per element, on one device, for one element type.
template <Real T>
struct Kernels {
  TensorKernels<T>& tensor;
  NnKernels<T>& nn;
  RecurrentKernels<T>& recurrent;
  UpdateKernels<T>& update;
};

/// What runs on a device may run later than the call: what waits for it says so. Errors in data that only the
/// device sees (an id outside a table) are thrown by the next call that waits.
/// Memory is untyped, so tensors of integers need no kernels of their own. `device` counts from 0.
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual int device_count() const = 0;

  /// Aligned to 64 bytes, from a pool. Throws std::bad_alloc if there is not so much.
  [[nodiscard]] virtual void* allocate(int device, std::size_t bytes) = 0;
  virtual void release(int device, void* data, std::size_t bytes) noexcept = 0;
  virtual void zero(int device, void* data, std::size_t bytes) = 0;
  virtual void copy(int device, void* to, const void* from, std::size_t bytes) = 0;
  virtual void copy_from_host(int device, void* to, const void* from, std::size_t bytes) = 0;
  virtual void copy_to_host(int device, void* to, const void* from, std::size_t bytes) = 0;  ///< waits
  virtual void synchronise(int device) = 0;
  /// Calls `work`. Work that it enqueues on the device runs as one graph (of CUDA) where the back end has
  /// them, so `work` must not wait for the device: nothing may be read from it. Nested calls join the outer
  /// graph.
  virtual void run_as_graph(int device, FunctionRef<void()> work) = 0;

  /// Throws DeviceError unless the back end has it. Not called for the CPU: see registry.hpp.
  virtual std::unique_ptr<const InferenceStack> pack_for_inference(int device, const InferenceProblem&) {
    fail<DeviceError>("pack_for_inference: not on ", name(), " (device ", device, ")");
  }

  template <Real T>
  [[nodiscard]] const Kernels<T>& kernels(int device) {
    if constexpr (std::same_as<T, float>) return float32_kernels(device);
    else return float64_kernels(device);
  }

 private:
  virtual const Kernels<float>& float32_kernels(int device) = 0;
  virtual const Kernels<double>& float64_kernels(int device) = 0;
};

}  // namespace lstmlib
