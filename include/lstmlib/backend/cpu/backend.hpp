// SPDX-License-Identifier: MIT
#pragma once
// The CPU back end; defines cpu_backend().

#include "lstmlib/backend/cpu/array.hpp"
#include "lstmlib/backend/cpu/inference_stack.hpp"
#include "lstmlib/backend/cpu/losses.hpp"
#include "lstmlib/backend/cpu/tensor.hpp"
#include "lstmlib/backend/cpu/memory.hpp"
#include "lstmlib/backend/cpu/nn.hpp"
#include "lstmlib/backend/cpu/recurrent.hpp"
#include "lstmlib/backend/cpu/update.hpp"
#include "lstmlib/backend/registry.hpp"
#include "lstmlib/base/fork.hpp"

#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI {
namespace cpu {

/// All kernels with their table. Not nested in CpuBackend: clang 14 crashes on constrained member templates
/// there.
template <Real T>
struct Groups {
  CpuTensorKernels<T> tensor;
  CpuNnKernels<T> nn;
  CpuRecurrentKernels<T> recurrent;
  CpuUpdateKernels<T> update;
  Kernels<T> kernels{tensor, nn, recurrent, update};
};

class CpuBackend final : public Backend {
 public:
  /// The only instance. Never destroyed, because tensors in static storage may outlive main.
  static CpuBackend& instance() {
    static auto& backend = make();
    return backend;
  }
  std::string_view name() const override { return "cpu"; }
  int device_count() const override { return 1; }

  void* allocate(int, std::size_t bytes) override { return memory_.allocate(bytes); }
  void release(int, void* data, std::size_t bytes) noexcept override { memory_.release(data, bytes); }
  void zero(int, void* data, std::size_t bytes) override { fill_zero(data, bytes); }
  void copy(int, void* to, const void* from, std::size_t bytes) override { copy_bytes(to, from, bytes); }
  void copy_from_host(int, void* to, const void* from, std::size_t bytes) override {
    copy_bytes(to, from, bytes);
  }
  void copy_to_host(int, void* to, const void* from, std::size_t bytes) override {
    copy_bytes(to, from, bytes);
  }
  void synchronise(int) override {}
  void run_as_graph(int, FunctionRef<void()> work) override { work(); }

 private:
  static CpuBackend& make() {
    made_ = new CpuBackend;
    lstmlib::detail::at_fork([] { made_->memory_.lock(); }, [] { made_->memory_.unlock(); },
                             [] { made_->memory_.unlock(); });
    return *made_;
  }
  static inline CpuBackend* made_ = nullptr;

  // Empty spans have null pointers, which must not be passed to memset and memcpy.
  static void fill_zero(void* data, std::size_t bytes) {
    constexpr Index piece = 256 * 1024;
    const auto count = static_cast<Index>(bytes);
    parallel_for(
        divide_up(count, piece),
        [&](Index i) {
          std::memset(static_cast<std::byte*>(data) + i * piece, 0,
                      static_cast<std::size_t>(std::min(piece, count - i * piece)));
        },
        count / 16);
  }
  static void copy_bytes(void* to, const void* from, std::size_t bytes) {
    if (bytes) std::memmove(to, from, bytes);
  }
  const Kernels<float>& float32_kernels(int) override { return float32_.kernels; }
  const Kernels<double>& float64_kernels(int) override { return float64_.kernels; }

  MemoryPool memory_;
  Groups<float> float32_;
  Groups<double> float64_;
};

}  // namespace cpu

template <class Unused>
Backend& cpu_backend() {
  return cpu::CpuBackend::instance();
}

template <std::same_as<float> T>
std::unique_ptr<const InferenceStack> cpu_pack_for_inference(const InferenceProblem& problem) {
  return std::make_unique<const cpu::CpuInferenceStack>(
      problem, cpu::InferenceKernels{cpu::kernel_table<T>(), cpu::bf16_kernel_table<T>(),
                                     cpu::inference_kernel_table<T>()});
}

}  // namespace lstmlib
