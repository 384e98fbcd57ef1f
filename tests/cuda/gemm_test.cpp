// SPDX-License-Identifier: MIT
// Products by cuBLAS: row-major operands as they are and transposed, assigned and added, in every precision.
#include "backends.hpp"

#include "lstmlib/backend/cuda/backend.hpp"
#include "lstmlib/backend/cuda/gemm.cuh"

using namespace lstmlib;

namespace {

/// Largest error against sums in double, relative to the largest element.
template <class T>
double error(const std::vector<T>& ours, const Tensor<T>& a, bool a_turned, const Tensor<T>& b, bool b_turned,
             const std::vector<T>& before, bool add) {
  const auto x = test::elements(a), y = test::elements(b);
  const Index rows = a.shape()[a_turned ? 1 : 0], inner = a.shape()[a_turned ? 0 : 1],
              columns = b.shape()[b_turned ? 0 : 1];
  double worst = 0, largest = 1e-30;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) {
      const auto at = static_cast<std::size_t>(i * columns + j);
      double sum = add ? static_cast<double>(before[at]) : 0;
      for (Index k = 0; k < inner; ++k)
        sum += static_cast<double>(x[static_cast<std::size_t>(a_turned ? k * rows + i : i * inner + k)]) *
               static_cast<double>(y[static_cast<std::size_t>(b_turned ? j * inner + k : k * columns + j)]);
      const double difference = std::fabs(sum - static_cast<double>(ours[at]));
      worst = difference <= worst ? worst : difference;
      if (std::isnan(difference)) worst = std::numeric_limits<double>::infinity();
      largest = std::max(largest, std::fabs(sum));
    }
  return worst / largest;
}

template <class T, class Product>
double largest_error(Product product) {
  double worst = 0;
  const Index sizes[][3] = {{1, 1, 1}, {3, 17, 5}, {33, 8, 70}, {64, 300, 12}, {2, 1, 90}};
  for (const auto& size : sizes)
    for (const bool a_turned : {false, true})
      for (const bool b_turned : {false, true})
        for (const OutputMode how : {OutputMode::overwrite, OutputMode::accumulate}) {
          const Index rows = size[0], inner = size[1], columns = size[2];
          const auto a = test::values<T>(a_turned ? Shape{inner, rows} : Shape{rows, inner}, 1, test::gpu());
          const auto b =
              test::values<T>(b_turned ? Shape{columns, inner} : Shape{inner, columns}, 2, test::gpu());
          auto c = test::values<T>({rows, columns}, 3, test::gpu());
          const auto before = test::elements(c);
          product(MatrixOperand<T>(a.view(), a_turned), MatrixOperand<T>(b.view(), b_turned),
                  c.mutable_view(), how);
          worst = std::max(worst, error(test::elements(c), a, a_turned, b, b_turned, before,
                                        how == OutputMode::accumulate));
        }
  return worst;
}

cuda::Context& context() { return dynamic_cast<cuda::CudaBackend&>(test::gpu().backend()).context(0); }

}  // namespace

TEST_CASE("cuda: products are exact to their element type") {
  CHECK(largest_error<float>([](auto a, auto b, auto c, OutputMode how) {
          kernels("test", Tensor<float>::zeros({1}, test::gpu())).tensor.gemm(a, b, c, how);
        }) < 2e-6);
  CHECK(largest_error<double>([](auto a, auto b, auto c, OutputMode how) {
          kernels("test", Tensor<double>::zeros({1}, test::gpu())).tensor.gemm(a, b, c, how);
        }) < 4e-15);
}

TEST_CASE("cuda: products of rounded operands are as exact as their operands, and no more") {
  const auto in = [](Precision precision) {
    return largest_error<float>(
        [=](auto a, auto b, auto c, OutputMode how) { cuda::gemm(context(), a, b, c, how, precision); });
  };
  CHECK(in(Precision::fp32) < 2e-6);
  CHECK(in(Precision::fp32_strict) < 2e-6);
  // Units of the last place are 2^-10 and 2^-7 of a number, and half of that is lost at most, in both
  // operands.
  CHECK(in(Precision::fp16) < std::exp2(-10));
  CHECK(in(Precision::fp16) > 1e-5);
  CHECK(in(Precision::bf16) < std::exp2(-7));
  CHECK(in(Precision::bf16) > 1e-4);
}

TEST_CASE("cuda: a product over nothing is zeros, or adds nothing") {
  const auto a = Tensor<float>::zeros({3, 0}, test::gpu()), b = Tensor<float>::zeros({2, 0}, test::gpu());
  auto c = test::values<float>({3, 2}, 3, test::gpu());
  const auto before = test::elements(c);
  auto& tensor_kernels = kernels("test", c).tensor;
  tensor_kernels.gemm(a.view(), transposed(b.view()), c.mutable_view(), OutputMode::accumulate);
  CHECK(test::elements(c) == before);
  tensor_kernels.gemm(a.view(), transposed(b.view()), c.mutable_view(), OutputMode::overwrite);
  CHECK(test::elements(c) == std::vector<float>(6, 0));
}
