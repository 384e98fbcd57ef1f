// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers on the CPU: the door to the engine of recurrent_forward.hpp and recurrent_backward.hpp.

#include "lstmlib/backend/cpu/recurrent_backward.hpp"
#include "lstmlib/backend/cpu/recurrent_forward.hpp"

namespace lstmlib::cpu {

template <Real T>
class Recurrent final : public RecurrentKernels<T> {
 public:
  std::size_t saved_bytes(const RecurrentProblem<T>& p) const override {
    return static_cast<std::size_t>(RecurrentSaved<T>::elements(RecurrentLayout<T>(p), p.cell)) * sizeof(T);
  }
  void forward(const RecurrentProblem<T>& p, const RecurrentResult<T>& result, void* saved) override {
    const RecurrentLayout<T> layout(p);
    Scratch scratch;
    T* memory =
        saved ? static_cast<T*>(saved) : scratch.take<T>({RecurrentSaved<T>::elements(layout, p.cell)}).data;
    RecurrentForward<T>(p, layout, memory).run(result);
  }
  void backward(const RecurrentProblem<T>& p, const RecurrentResult<const T>&, void* saved,
                const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) override {
    const RecurrentLayout<T> layout(p);
    RecurrentBackward<T>(p, layout, static_cast<T*>(saved), d_result, d).run();
  }
};

}  // namespace lstmlib::cpu
