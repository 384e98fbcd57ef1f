// SPDX-License-Identifier: MIT
#pragma once
// Bodies of elementwise functions with broadcasting, selections, copies with strides and gathering.

#include "lstmlib/backend/kernels/array.hpp"
#include "lstmlib/backend/cuda/data_errors.cuh"
#include "lstmlib/backend/cuda/kernels/elementwise.cuh"
#include "lstmlib/math/elementwise.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Loops as kernels read them: a row is one run of the innermost loop.
struct DeviceLoops {
  int outer = 0;  ///< axes outside the innermost one
  Index sizes[Shape::max_rank]{};
  Index steps[Shape::max_rank][Loops::max_operands]{};
  Index inner_steps[Loops::max_operands]{};
  Index inner;

  explicit DeviceLoops(const Loops& loops)
      : outer(loops.rank() > 0 ? loops.rank() - 1 : 0), inner(loops.inner()) {
    for (int axis = 0; axis < outer; ++axis) {
      sizes[axis] = loops.size(axis);
      for (int o = 0; o < Loops::max_operands; ++o)
        steps[axis][o] = loops.steps(axis)[static_cast<std::size_t>(o)];
    }
    for (int o = 0; o < Loops::max_operands; ++o)
      inner_steps[o] = loops.inner_steps()[static_cast<std::size_t>(o)];
  }
  /// Place in operand `o` of the element `column` of run `row`.
  LSTMLIB_HOST_DEVICE Index place(int o, Index row, Index column) const {
    Index at = column * inner_steps[o];
    for (int axis = outer - 1; axis >= 0; --axis) {
      at += row % sizes[axis] * steps[axis][o];
      row /= sizes[axis];
    }
    return at;
  }
};
/// Operand `o` of the loops.
template <class T>
struct DeviceOperand {
  ArrayOperand<T> operand;
  int o;
  LSTMLIB_HOST_DEVICE T at(const DeviceLoops& loops, Index row, Index column) const {
    return operand.data ? operand.data[loops.place(o, row, column)] : operand.number;
  }
};

template <class T, math::UnaryFunction f>
struct MapBody {
  math::ElementwiseOptions options;
  const T* x;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const { y[i] = math::Unary<f>{}(x[i], options); }
};
template <class T, math::UnaryFunction f>
struct MapBackwardBody {
  math::ElementwiseOptions options;
  const T *x, *y, *d_y;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index i) const {
    using Function = math::Unary<f>;
    const T at_x = Function::reads_x ? x[i] : T(0), at_y = Function::reads_y ? y[i] : T(0);
    d_x[i] += d_y[i] * Function{}.derivative(at_x, at_y, options);
  }
};
template <class T, math::BinaryFunction f>
struct JoinBody {
  DeviceLoops loops;
  DeviceOperand<T> a, b;
  T* y;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    write(how, y[row * loops.inner + column],
          math::Binary<f>{}(a.at(loops, row, column), b.at(loops, row, column)));
  }
};
template <class T, math::BinaryFunction f, int side>
struct JoinBackwardBody {
  DeviceLoops loops;
  DeviceOperand<T> a, b;
  const T *y, *d_y;
  T* d;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    const Index i = row * loops.inner + column;
    const T at_a = a.at(loops, row, column), at_b = b.at(loops, row, column);
    if constexpr (side == 0) write(how, d[i], d_y[i] * math::Binary<f>{}.d_a(at_a, at_b, y[i]));
    else write(how, d[i], d_y[i] * math::Binary<f>{}.d_b(at_a, at_b, y[i]));
  }
};
template <class T>
struct SelectBody {
  DeviceLoops loops;
  DeviceOperand<T> mask, a, b;
  T* y;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    write(how, y[row * loops.inner + column],
          mask.at(loops, row, column) != T(0) ? a.at(loops, row, column) : b.at(loops, row, column));
  }
};
template <class T>
struct StridedCopyBody {
  DeviceLoops loops;
  const T* from;
  T* to;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    write(how, to[loops.place(1, row, column)], from[loops.place(0, row, column)]);
  }
};

/// A row of y is one id of one outer index. A wrong id is reported, and its element becomes 0.
template <class T>
struct GatherAxisBody {
  Index size, inner, count;
  bool shared;
  const std::int32_t* ids;
  const T* x;
  T* y;
  DataErrorWord* errors;
  __device__ void operator()(Index row, Index column) const {
    const Index place = shared ? row % count : row * inner + column;
    const std::int32_t id = ids[place];
    const bool bad = id < 0 || id >= size;
    if (bad) report(errors, DataError::index, place, id, size);
    y[row * inner + column] = bad ? T(0) : x[(row / count * size + id) * inner + column];
  }
};
/// A thread adds all ids of its line, in their order.
template <class T>
struct ScatterAxisBody {
  Index size, inner, count;
  bool shared;
  const std::int32_t* ids;
  const T* d_y;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index outer, Index column) const {
    for (Index j = 0; j < count; ++j) {
      const Index row = outer * count + j;
      const std::int32_t id = ids[shared ? j : row * inner + column];
      if (id >= 0 && id < size) d_x[(outer * size + id) * inner + column] += d_y[row * inner + column];
    }
  }
};

}  // namespace lstmlib::cuda
