// SPDX-License-Identifier: MIT
#pragma once
// The interface of a back end: a kind of device with its memory, and its kernels for each element type.

#include "lstmlib/backend/kernels/array.hpp"
#include "lstmlib/backend/kernels/inference.hpp"
#include "lstmlib/backend/kernels/losses.hpp"
#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/kernels/update.hpp"
#include "lstmlib/base/function_ref.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI {

/// All kernels of one device for one element type.
template <Real T>
struct Kernels {
  TensorKernels<T>& tensor;
  NnKernels<T>& nn;
  RecurrentKernels<T>& recurrent;
  UpdateKernels<T>& update;
};

/// Memory and kernels of one kind of device. `device` counts from 0. Memory is untyped. Work on a device may
/// be asynchronous: it may still run when the call returns. Functions that wait say so. Errors that only the
/// device can detect, such as an id outside a table, are thrown by the next call that waits.
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual int device_count() const = 0;

  /// Memory from a pool, aligned to 64 bytes. Throws std::bad_alloc if there is not enough.
  [[nodiscard]] virtual void* allocate(int device, std::size_t bytes) = 0;
  virtual void release(int device, void* data, std::size_t bytes) noexcept = 0;
  virtual void zero(int device, void* data, std::size_t bytes) = 0;
  virtual void copy(int device, void* to, const void* from, std::size_t bytes) = 0;
  virtual void copy_from_host(int device, void* to, const void* from, std::size_t bytes) = 0;
  virtual void copy_to_host(int device, void* to, const void* from, std::size_t bytes) = 0;  ///< waits
  virtual void synchronise(int device) = 0;
  /// Calls `work`. If the back end supports graphs (CUDA graphs), everything that `work` enqueues on the
  /// device runs as one graph. So `work` must not wait for the device, which includes reading values from it.
  /// Nested calls join the outer graph.
  virtual void run_as_graph(int device, FunctionRef<void()> work) = 0;

  /// Throws DeviceError unless the back end implements it. Not called for the CPU: see registry.hpp.
  virtual std::unique_ptr<const InferenceStack> pack_for_inference(int device, const InferenceProblem&) {
    fail<DeviceError>("pack_for_inference: not on ", name(), " (device ", device, ")");
  }

  template <Real T>
  [[nodiscard]] const Kernels<T>& kernels(int device) {
    if constexpr (std::same_as<T, float>) return float32_kernels(device);
    else return float64_kernels(device);
  }
  /// Null if the back end has none. Not called for the CPU: see losses.hpp.
  template <Real T>
  [[nodiscard]] LossKernels<T>* loss_kernels(int device) {
    if constexpr (std::same_as<T, float>) return float32_loss_kernels(device);
    else return float64_loss_kernels(device);
  }
  /// Null if the back end has none. Not called for the CPU: see array.hpp.
  template <Real T>
  [[nodiscard]] ArrayKernels<T>* array_kernels(int device) {
    if constexpr (std::same_as<T, float>) return float32_array_kernels(device);
    else return float64_array_kernels(device);
  }

 private:
  virtual const Kernels<float>& float32_kernels(int device) = 0;
  virtual const Kernels<double>& float64_kernels(int device) = 0;
  virtual LossKernels<float>* float32_loss_kernels(int) { return nullptr; }
  virtual LossKernels<double>* float64_loss_kernels(int) { return nullptr; }
  virtual ArrayKernels<float>* float32_array_kernels(int) { return nullptr; }
  virtual ArrayKernels<double>* float64_array_kernels(int) { return nullptr; }
};

}  // namespace lstmlib
