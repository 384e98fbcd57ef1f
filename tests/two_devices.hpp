// SPDX-License-Identifier: MIT
#pragma once
// A second device for tests of what happens between devices: the CPU under another name.

#include "lstmlib/core.hpp"

namespace lstmlib::test {

/// Computes as the CPU does. `refuse`: as if its memory were full.
class OtherDevice final : public Backend {
 public:
  bool refuse = false;

  std::string_view name() const override { return "other"; }
  int device_count() const override { return 2; }
  void* allocate(int, std::size_t bytes) override {
    if (refuse) throw std::bad_alloc();
    return cpu().allocate(0, bytes);
  }
  void release(int, void* data, std::size_t bytes) noexcept override { cpu().release(0, data, bytes); }
  void zero(int, void* data, std::size_t bytes) override { cpu().zero(0, data, bytes); }
  void copy(int, void* to, const void* from, std::size_t bytes) override { cpu().copy(0, to, from, bytes); }
  void copy_from_host(int, void* to, const void* from, std::size_t bytes) override {
    cpu().copy(0, to, from, bytes);
  }
  void copy_to_host(int, void* to, const void* from, std::size_t bytes) override {
    cpu().copy(0, to, from, bytes);
  }
  void synchronise(int) override {}
  void run_as_graph(int, FunctionRef<void()> work) override { work(); }

 private:
  static Backend& cpu() { return cpu_backend(); }
  const Kernels<float>& float32_kernels(int) override { return cpu().kernels<float>(0); }
  const Kernels<double>& float64_kernels(int) override { return cpu().kernels<double>(0); }
};

inline OtherDevice& other_backend() {
  static auto& backend = *new OtherDevice;  // as back ends do, it outlives all tensors
  return backend;
}
inline Device other_device() { return {other_backend(), 0}; }

}  // namespace lstmlib::test
