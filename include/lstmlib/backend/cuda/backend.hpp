// SPDX-License-Identifier: MIT
#pragma once
// The CUDA back end. Each device has one stream, which runs all its work in the order of the calls.

#include "lstmlib/backend/cuda/factories.hpp"

#include <mutex>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// All kernels of a device with their table.
template <Real T>
struct Groups {
  explicit Groups(Context& context)
      : tensor(make_tensor_kernels<T>(context)),
        nn(make_nn_kernels<T>(context)),
        recurrent(make_recurrent_kernels<T>(context)),
        update(make_update_kernels<T>(context)) {}

  std::unique_ptr<TensorKernels<T>> tensor;
  std::unique_ptr<NnKernels<T>> nn;
  std::unique_ptr<RecurrentKernels<T>> recurrent;
  std::unique_ptr<UpdateKernels<T>> update;
  Kernels<T> kernels{*tensor, *nn, *recurrent, *update};
};

/// GPUs as a back end. Programs install it with lstmlib::cuda::install() (see cuda.hpp) and choose a GPU by
/// Device.
///
///     if (cuda::install()) model.to(Device::parse("cuda"));
class CudaBackend final : public Backend {
 public:
  /// Devices are set up when they are first used.
  explicit CudaBackend(int devices) : devices_(static_cast<std::size_t>(devices)) {}

  std::string_view name() const override { return "cuda"; }
  int device_count() const override { return static_cast<int>(devices_.size()); }

  void* allocate(int device, std::size_t bytes) override { return context(device).allocate(bytes); }
  void release(int device, void* data, std::size_t bytes) noexcept override {
    at(device).context->release(data, bytes);
  }
  void zero(int device, void* data, std::size_t bytes) override {
    if (bytes == 0) return;
    Stream& stream = context(device).stream;
    const auto exclusive = stream.exclusive();
    const CurrentDevice scope(device);
    check(cudaMemsetAsync(data, 0, bytes, stream.handle()), "cudaMemsetAsync");
  }
  void copy(int device, void* to, const void* from, std::size_t bytes) override {
    if (bytes == 0 || to == from) return;
    Stream& stream = context(device).stream;
    const auto exclusive = stream.exclusive();
    const CurrentDevice scope(device);
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream.handle()), "copy on the device");
  }
  void copy_from_host(int device, void* to, const void* from, std::size_t bytes) override {
    context(device).staging.copy(to, from, bytes);
  }
  void copy_to_host(int device, void* to, const void* from, std::size_t bytes) override {
    Context& here = context(device);
    const auto exclusive = here.stream.exclusive();
    const Graphs::Interruption interruption(here.graphs);
    const CurrentDevice scope(device);
    if (bytes > 0)
      check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, here.stream.handle()),
            "copy to the host");
    here.synchronise();
  }
  void synchronise(int device) override { context(device).synchronise(); }
  void run_as_graph(int device, FunctionRef<void()> work) override {
    context(device).graphs.run_as_graph(work);
  }

  /// Created at the first call.
  Context& context(int device) { return *set_up(device).context; }

 private:
  struct Device {
    std::once_flag once;
    std::unique_ptr<Context> context;
    std::unique_ptr<Groups<float>> float32;
    std::unique_ptr<Groups<double>> float64;
  };
  Device& at(int device) { return devices_[static_cast<std::size_t>(device)]; }
  Device& set_up(int device) {
    Device& here = at(device);
    std::call_once(here.once, [&] {
      here.context = std::make_unique<Context>(device);
      here.float32 = std::make_unique<Groups<float>>(*here.context);
      here.float64 = std::make_unique<Groups<double>>(*here.context);
    });
    return here;
  }
  const Kernels<float>& float32_kernels(int device) override { return set_up(device).float32->kernels; }
  const Kernels<double>& float64_kernels(int device) override { return set_up(device).float64->kernels; }

  std::vector<Device> devices_;
};

}  // namespace lstmlib::cuda
