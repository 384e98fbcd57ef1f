// SPDX-License-Identifier: MIT
// Layers with a cell of a program's own: on a GPU as on the CPU, and refused where the program has not
// installed the cell's kernels.
#include "backends.hpp"

#include "../nn/cells.hpp"
#include "lstmlib/backend/cuda/cell.cuh"

using namespace lstmlib;

namespace cell_test {
namespace {

template <class Cell, Real T>
std::vector<Tensor<T>> run(Device device, bool with_states) {
  const nn::RecurrentOptions options{.input_size = 3, .hidden_size = 7, .layers = 2, .bidirectional = true};
  nn::CellRnn<Cell, T> rnn(options);
  std::uint64_t stream = 0;
  std::vector<nn::Parameter<T>*> parameters;
  for (auto& layer : rnn.layers)
    for (auto* p : {&layer.weight_input, &layer.weight_hidden, &layer.bias_input, &layer.bias_hidden,
                    &layer.parameters})
      if (*p) {
        *p = nn::Parameter<T>(test::values<T>(p->shape(), ++stream));
        parameters.push_back(p);
      }
  rnn.to(device);
  const std::vector<Index> lengths{4, 1, 6, 3, 3};
  const auto layout = std::make_shared<const SequenceLayout>(lengths);
  std::vector<Variable<T>> leaves{Variable<T>(test::values<T>({layout->rows(), 3}, 90, device), true)};
  std::vector<ops::RecurrentState<T>> initial;
  for (const auto& layer : rnn.layers) {
    if (!with_states) break;
    const Index others = layer.cell().cell_states();
    initial.push_back({Variable<T>(test::values<T>({5, 7}, ++stream, device), true), {}});
    leaves.push_back(initial.back().hidden);
    if (others == 0) continue;
    initial.back().cell = Variable<T>(test::values<T>({5, others * 7}, ++stream, device), true);
    leaves.push_back(initial.back().cell);
  }
  const auto result = rnn({leaves[0], layout}, initial);
  auto loss = test::weighed(result.hidden.values);
  std::vector<Tensor<T>> all{result.hidden.values.value()};
  for (const auto& state : result.last) {
    loss = loss + test::weighed(state.hidden);
    all.push_back(state.hidden.value());
    if (!state.cell) continue;
    loss = loss + test::weighed(state.cell);
    all.push_back(state.cell.value());
  }
  loss.backward();
  for (const auto& leaf : leaves) all.push_back(leaf.grad());
  for (const auto* p : parameters) all.push_back(p->grad());
  return all;
}

template <class Cell>
void check_both() {
  for (const bool with_states : {false, true}) {
    const auto cpu = run<Cell, double>(Device::cpu(), with_states),
               gpu = run<Cell, double>(test::gpu(), with_states);
    REQUIRE(cpu.size() == gpu.size());
    for (std::size_t i = 0; i < cpu.size(); ++i)
      test::check_close(gpu[i], cpu[i], 2000, "tensor " + std::to_string(i));
    const auto cpu_float = run<Cell, float>(Device::cpu(), with_states),
               gpu_float = run<Cell, float>(test::gpu(), with_states);
    for (std::size_t i = 0; i < cpu.size(); ++i)
      test::check_close(gpu_float[i], cpu_float[i], 200, "tensor " + std::to_string(i));
  }
}

}  // namespace

TEST_CASE("a cell without kernels for GPUs is refused there, in one line") {
  const auto message =
      "recurrent: the cell has no kernels for GPUs; call cuda::install_cell<Cell>() in a .cu file "
      "that includes lstmlib/backend/cuda/cell.cuh";
  CHECK_THROWS_WITH_AS((run<test::MyRnn, float>(test::gpu(), false)), message, DeviceError);
  CHECK_THROWS_WITH_AS((run<test::MyRnn, double>(test::gpu(), false)), message, DeviceError);
}

TEST_CASE("layers with cells of a program's own: a GPU gives what the CPU gives") {
  cuda::install_cell<test::MyLstm>();
  cuda::install_cell<test::MyGru>();
  cuda::install_cell<test::Everything>();
  cuda::install_cell<test::Slstm>();
  check_both<test::MyLstm>();
  check_both<test::MyGru>();
  check_both<test::Everything>();
  check_both<test::Slstm>();
}

}  // namespace cell_test
