// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions, sums, maxima, softmax and products against plain loops.

#include "check.hpp"

namespace checks {

template <class T>
class TensorChecks {
 public:
  explicit TensorChecks(Checks& checks) : c_(checks), k_(checks.backend.kernels<T>(0).tensor) {}

  void run() {
    c_.attempt("maps" + of_, [&] { maps(); });
    c_.attempt("rows" + of_, [&] { rows(); });
    c_.attempt("products" + of_, [&] { products(); });
    c_.attempt("axes" + of_, [&] { axes(); });
    c_.attempt("softmax" + of_, [&] { softmax(); });
  }

 private:
  void maps() {
    const Index n = 1003;  // no multiple of anything
    const Numbers x = numbers(n, 3), d = numbers(n);
    const struct {
      UnaryOp op;
      const char* name;
      double (*value)(double);
      double (*slope)(double y);
    } all[] = {
        {UnaryOp::tanh, "tanh", [](double v) { return std::tanh(v); }, [](double y) { return 1 - y * y; }},
        {UnaryOp::sigmoid, "sigmoid", [](double v) { return 1 / (1 + std::exp(-v)); },
         [](double y) { return y * (1 - y); }},
        {UnaryOp::relu, "relu", [](double v) { return std::max(v, 0.0); },
         [](double y) { return y > 0 ? 1.0 : 0.0; }}};
    for (const auto& one : all) {
      Numbers y, d_x;
      for (Index i = 0; i < n; ++i) {
        y.push_back(one.value(x[at(i)]));
        d_x.push_back(1 + d[at(i)] * one.slope(y.back()));
      }
      const auto there = c_.there<T>(x, {n}), result = c_.there<T>(Numbers(at(n), NAN), {n}),
                 d_there = c_.there<T>(d, {n}), d_result = c_.there<T>(Numbers(at(n), 1), {n});
      k_.unary(one.op, there, result);
      c_.hold(one.name + of_, result.values(), y, rounding<T>);
      k_.unary_backward(one.op, result, d_there, d_result);
      c_.hold(std::string(one.name) + " backward" + of_, d_result.values(), d_x, rounding<T>);
    }
  }

  void rows() {
    const Index rows = 67, columns = 35;
    const Numbers x = numbers(rows * columns), row = numbers(columns), other = numbers(rows * columns);
    const Shape shape{rows, columns};
    Numbers scaled = other, product, with_row = x, sum = row, transposed(x.size()), some = other;
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) {
        const std::size_t k = at(i * columns + j);
        scaled[k] += 2.5 * x[k];
        product.push_back(x[k] * other[k]);
        with_row[k] += row[at(j)];
        sum[at(j)] += x[k];
        transposed[at(j * rows + i)] = x[k];
        if (j < 7) some[at(i * columns + 3 + j)] = x[at(i * columns + 11 + j)];
      }
    const auto there = c_.there<T>(x, shape), row_there = c_.there<T>(row, {columns}),
               second = c_.there<T>(other, shape);
    const auto added = c_.there<T>(other, shape), times = c_.there<T>(Numbers(x.size(), NAN), shape),
               each = c_.there<T>(x, shape), all = c_.there<T>(row, {columns}),
               turned = c_.there<T>(Numbers(x.size(), NAN), {columns, rows}),
               copied = c_.there<T>(other, shape);
    k_.add_scaled(T(2.5), there, added);
    c_.hold("add_scaled" + of_, added.values(), scaled, rounding<T>);
    k_.multiply(there, second, times, OutputMode::overwrite);
    c_.hold("multiply" + of_, times.values(), product, rounding<T>);
    k_.add_bias(row_there, each);
    c_.hold("add_bias" + of_, each.values(), with_row, rounding<T>);
    k_.sum_rows(there, all);
    c_.hold("sum_rows" + of_, all.values(), sum, of_sums<T>);
    k_.transpose(there, turned, OutputMode::overwrite);
    c_.hold("transpose" + of_, turned.values(), transposed, 0);
    k_.copy_columns(there, 11, copied, 3, 7, OutputMode::overwrite);
    c_.hold("copy_columns" + of_, copied.values(), some, 0);
    k_.fill(T(3), copied);
    c_.hold("fill" + of_, copied.values(), Numbers(x.size(), 3), 0);
  }

  void products() {
    const Index rows = 65, inner = 130, columns = 33;
    for (const bool left : {false, true})
      for (const bool right : {false, true}) {
        const Numbers a = numbers(rows * inner), b = numbers(inner * columns),
                      before = numbers(rows * columns);
        Numbers expected = before;
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < columns; ++j)
            for (Index k = 0; k < inner; ++k)
              expected[at(i * columns + j)] +=
                  a[at(left ? k * rows + i : i * inner + k)] * b[at(right ? j * inner + k : k * columns + j)];
        const auto x = c_.there<T>(a, left ? Shape{inner, rows} : Shape{rows, inner}),
                   y = c_.there<T>(b, right ? Shape{columns, inner} : Shape{inner, columns}),
                   z = c_.there<T>(before, {rows, columns});
        k_.gemm(MatrixOperand<T>(x.view(), left), MatrixOperand<T>(y.view(), right), z,
                OutputMode::accumulate);
        c_.hold(std::string("gemm ") + (left ? "T" : "N") + (right ? "T" : "N") + of_, z.values(), expected,
                of_sums<T>);
      }
  }

  void axes() {
    const Shape shape{9, 130, 5};
    const AxisView axis(shape, 1);
    const Numbers x = numbers(shape.elements()), d = numbers(45);
    Numbers sum(45), most(45, -INFINITY), d_sum, d_most;
    const auto each = [&](auto work) {
      for (Index o = 0; o < axis.outer; ++o)
        for (Index i = 0; i < axis.size; ++i)
          for (Index k = 0; k < axis.inner; ++k)
            work(at((o * axis.size + i) * axis.inner + k), at(o * axis.inner + k));
    };
    each([&](std::size_t from, std::size_t to) {
      sum[to] += 0.5 * x[from];
      most[to] = std::max(most[to], x[from]);
    });
    each([&](std::size_t from, std::size_t to) {
      d_sum.push_back(1 + 0.5 * d[to]);
      d_most.push_back(1 + (x[from] == most[to] ? d[to] : 0));
    });
    const auto there = c_.there<T>(x, shape), result = c_.there<T>(Numbers(45, NAN), {9, 5}),
               d_there = c_.there<T>(d, {9, 5}), first = c_.there<T>(Numbers(x.size(), 1), shape),
               second = c_.there<T>(Numbers(x.size(), 1), shape);
    k_.sum(axis, T(0.5), there, result);
    c_.hold("sum" + of_, result.values(), sum, of_sums<T>);
    k_.sum_backward(axis, T(0.5), d_there, first);
    c_.hold("sum backward" + of_, first.values(), d_sum, rounding<T>);
    k_.max(axis, there, result);
    c_.hold("max" + of_, result.values(), most, 0);
    k_.max_backward(axis, there, result, d_there, second);
    c_.hold("max backward" + of_, second.values(), d_most, rounding<T>);
  }

  void softmax() {
    for (const Shape shape : {Shape{37, 130}, Shape{4, 11, 70}}) {
      const AxisView axis(shape, 1);
      const Numbers x = numbers(shape.elements(), 4), d = numbers(shape.elements());
      for (const bool logarithm : {false, true}) {
        Numbers y(x.size()), d_x(x.size());
        for (Index o = 0; o < axis.outer; ++o)
          for (Index k = 0; k < axis.inner; ++k) {
            const auto place = [&](Index i) { return at((o * axis.size + i) * axis.inner + k); };
            double total = 0, sum_d = 0;
            for (Index i = 0; i < axis.size; ++i) total += std::exp(x[place(i)]);
            for (Index i = 0; i < axis.size; ++i) {
              const double p = std::exp(x[place(i)]) / total;
              y[place(i)] = logarithm ? std::log(p) : p;
              sum_d += d[place(i)] * (logarithm ? 1 : p);
            }
            for (Index i = 0; i < axis.size; ++i) {
              const double p = std::exp(x[place(i)]) / total;
              d_x[place(i)] = 1 + (logarithm ? d[place(i)] - p * sum_d : p * (d[place(i)] - sum_d));
            }
          }
        const auto there = c_.there<T>(x, shape), result = c_.there<T>(Numbers(x.size(), NAN), shape),
                   d_there = c_.there<T>(d, shape), d_result = c_.there<T>(Numbers(x.size(), 1), shape);
        const auto name = std::string(logarithm ? "log softmax" : "softmax") + " over " +
                          std::to_string(axis.size) + (axis.inner == 1 ? "" : ", strided");
        k_.softmax(axis, logarithm, there, result);
        c_.hold(name + of_, result.values(), y, of_sums<T>);
        k_.softmax_backward(axis, logarithm, result, d_there, d_result);
        c_.hold(name + " backward" + of_, d_result.values(), d_x, of_sums<T>);
      }
    }
  }

  Checks& c_;
  TensorKernels<T>& k_;
  std::string of_ = type_name<T>();
};

}  // namespace checks
