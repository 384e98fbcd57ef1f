// SPDX-License-Identifier: MIT
#pragma once
// The CPU as a place for tensors and nothing more: programs that compute on a GPU alone, and have no Eigen,
// include this in one file instead of the CPU's kernels.

#include <lstmlib/backend/registry.hpp>

#include <cstring>
#include <new>

namespace lstmlib {

class HostMemory final : public Backend {
 public:
  std::string_view name() const override { return "cpu"; }
  int device_count() const override { return 1; }
  void* allocate(int, std::size_t bytes) override { return ::operator new(bytes, alignment); }
  void release(int, void* data, std::size_t) noexcept override { ::operator delete(data, alignment); }
  void zero(int, void* data, std::size_t bytes) override { std::memset(data, 0, bytes); }
  void copy(int, void* to, const void* from, std::size_t bytes) override { std::memmove(to, from, bytes); }
  void copy_from_host(int, void* to, const void* from, std::size_t bytes) override {
    std::memmove(to, from, bytes);
  }
  void copy_to_host(int, void* to, const void* from, std::size_t bytes) override {
    std::memmove(to, from, bytes);
  }
  void synchronise(int) override {}
  void run_as_graph(int, FunctionRef<void()> work) override { work(); }

 private:
  static constexpr std::align_val_t alignment{64};

  [[noreturn]] static void refuse() {
    fail<DeviceError>("this program has no kernels of the CPU: a tensor was left there");
  }
  const Kernels<float>& float32_kernels(int) override { refuse(); }
  const Kernels<double>& float64_kernels(int) override { refuse(); }
};

template <class Unused>
Backend& cpu_backend() {
  static auto& backend = *new HostMemory;  // never destroyed: tensors in static storage may outlive main
  return backend;
}

}  // namespace lstmlib
