// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers on the CPU; see recurrent_forward.hpp and recurrent_backward.hpp.

#include "lstmlib/backend/cpu/recurrent_backward.hpp"
#include "lstmlib/backend/cpu/recurrent_forward.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

template <Real T>
class CpuRecurrentKernels final : public RecurrentKernels<T> {
 public:
  std::size_t saved_bytes(const RecurrentProblem<T>& p) const override {
    return static_cast<std::size_t>(RecurrentSaved<T>::elements(RecurrentLayout<T>(p), p.cell)) * sizeof(T);
  }
  void forward(const RecurrentProblem<T>& p, const RecurrentResult<T>& result, void* saved) override {
    const RecurrentLayout<T> layout(p);
    Scratch scratch;
    T* memory =
        saved ? static_cast<T*>(saved) : scratch.take<T>({RecurrentSaved<T>::elements(layout, p.cell)}).data;
    with_packed_type(
        p, [&]<class Packed>(Packed) { RecurrentForward<T, Packed>(p, layout, memory).run(result); });
  }
  void backward(const RecurrentProblem<T>& p, const RecurrentResult<const T>&, void* saved,
                const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) override {
    const RecurrentLayout<T> layout(p);
    with_packed_type(p, [&]<class Packed>(Packed) {
      RecurrentBackward<T, Packed>(p, layout, static_cast<T*>(saved), d_result, d).run();
    });
  }

 private:
  /// Calls `use(Packed{})` with the operand type of this problem's products.
  template <class Use>
  static void with_packed_type(const RecurrentProblem<T>& p, Use use) {
    if constexpr (std::is_same_v<T, float>)
      if (p.precision == Precision::bf16) return use(Bf16Pair{});
    use(T{});
  }
};

}  // namespace lstmlib::cpu
