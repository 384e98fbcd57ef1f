// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions, sums and products on a GPU.

#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/gemm.cuh"
#include "lstmlib/backend/cuda/kernels/elementwise.cuh"
#include "lstmlib/backend/cuda/kernels/reduce.cuh"
#include "lstmlib/backend/cuda/kernels/softmax.cuh"
#include "lstmlib/backend/cuda/kernels/transpose.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
class CudaTensorKernels final : public TensorKernels<T> {
 public:
  explicit CudaTensorKernels(Context& context) : context_(context) {}

  void unary(UnaryOp op, View<const T> x, View<T> y) override {
    with_function(op, [&]<class Function>(Function) {
      each(y.size(), UnaryBody<T, Function>{x.data, y.data});
    });
  }
  void unary_backward(UnaryOp op, View<const T> y, View<const T> d_y, View<T> d_x) override {
    with_function(op, [&]<class Function>(Function) {
      each(d_x.size(), UnaryBackwardBody<T, Function>{y.data, d_y.data, d_x.data});
    });
  }
  void fill(T value, View<T> y) override { each(y.size(), FillBody<T>{value, y.data}); }
  void add_scaled(T factor, View<const T> x, View<T> y) override {
    each(y.size(), AddScaledBody<T>{factor, x.data, y.data});
  }
  void multiply(View<const T> a, View<const T> b, View<T> y, OutputMode how) override {
    each(y.size(), MultiplyBody<T>{a.data, b.data, y.data, how});
  }
  void add_bias(View<const T> row, View<T> y) override {
    if (!y || !row) return;
    each_in_rows(y.shape.rows(), row.size(), AddBiasBody<T>{row.data, y.data, row.size()});
  }
  void sum_rows(View<const T> x, View<T> sum) override {
    if (!sum || sum.size() == 0) return;
    Scratch scratch(context_);
    const View<T> rows = scratch.take<T>({sum.size()});
    join_axis<Sum>(context_, 1, x.shape.rows(), sum.size(), T(1), x.data, rows.data);
    add_scaled(T(1), rows, sum);
  }
  void gemm(MatrixOperand<T> a, MatrixOperand<T> b, View<T> c, OutputMode how) override {
    if (c) cuda::gemm(context_, a, b, c, how);
  }
  void transpose(View<const T> x, View<T> y, OutputMode how) override {
    if (y) cuda::transpose(context_, x.shape.rows(), x.shape.row_size(), x.data, y.data, how);
  }
  void copy_columns(View<const T> from, Index from_first, View<T> to, Index to_first, Index columns,
                    OutputMode how) override {
    if (!to) return;
    each_in_rows(to.shape.rows(), columns,
                 CopyColumnsBody<T>{from.data + from_first, to.data + to_first, from.shape.row_size(),
                                    to.shape.row_size(), how});
  }

  void sum(AxisView a, T factor, View<const T> x, View<T> y) override {
    join_axis<Sum>(context_, a.outer, a.size, a.inner, factor, x.data, y.data);
  }
  void sum_backward(AxisView a, T factor, View<const T> d_y, View<T> d_x) override {
    if (d_x) each_element(a, SumBackwardBody<T>{d_y.data, d_x.data, a.size, a.inner, factor});
  }
  void max(AxisView a, View<const T> x, View<T> y) override {
    join_axis<Largest>(context_, a.outer, a.size, a.inner, T(1), x.data, y.data);
  }
  void max_backward(AxisView a, View<const T> x, View<const T> y, View<const T> d_y, View<T> d_x) override {
    if (d_x) each_element(a, MaxBackwardBody<T>{x.data, y.data, d_y.data, d_x.data, a.size, a.inner});
  }
  void softmax(AxisView a, bool logarithm, View<const T> x, View<T> y) override {
    for_each_line(context_, a, Softmax<T>{logarithm, x.data, y.data});
  }
  void softmax_backward(AxisView a, bool logarithm, View<const T> y, View<const T> d_y,
                        View<T> d_x) override {
    if (d_x) for_each_line(context_, a, SoftmaxBackward<T>{logarithm, y.data, d_y.data, d_x.data});
  }

 private:
  template <class Body>
  void each(Index count, const Body& body) {
    for_each(context_, count, body);
  }
  template <class Body>
  void each_in_rows(Index rows, Index columns, const Body& body) {
    for_each_in_rows(context_, rows, columns, body);
  }
  template <class Body>
  void each_element(const AxisView& a, const Body& body) {
    each_in_rows(a.outer * a.size, a.inner, body);
  }

  Context& context_;
};

template <Real T>
std::unique_ptr<TensorKernels<T>> make_tensor_kernels(Context& context) {
  return std::make_unique<CudaTensorKernels<T>>(context);
}

}  // namespace lstmlib::cuda
