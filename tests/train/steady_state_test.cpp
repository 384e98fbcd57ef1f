// SPDX-License-Identifier: MIT
// What a training step asks the system for, once all sizes of batches were seen: counted by operator new.
#include "backend/settings.hpp"
#include "counted_new.hpp"
#include "models.hpp"

using namespace lstmlib;

TEST_CASE("a training step in steady state asks the system for no memory of tensors and kernels") {
  const test::KeepThreads keep;
  cpu::set_threads(1);  // of several, one may meet its first task of a kind late, and needs room for it then
  test::RnnModel model(200, 48, 2, 0.4);
  optim::Adam adam(model, {});
  adam.add_hook(optim::WeightDecay{1e-4});
  adam.add_hook(optim::ClipGradNorm{5});
  std::vector<Tokens> batches;
  for (const Index longest : {9, 14, 20}) {
    std::vector<std::vector<std::int32_t>> sentences;
    for (Index i = 1; i <= longest; ++i)
      sentences.emplace_back(static_cast<std::size_t>(i), static_cast<std::int32_t>(7 * i));
    batches.push_back(make_tokens(sentences));
  }
  std::uint64_t number = 0;
  const auto step = [&](const Tokens& tokens) {
    const auto labels = Tensor<std::int32_t>::zeros({tokens.sequences()});
    begin_step(number++);
    adam.zero_grad();
    ops::softmax_cross_entropy(model(tokens), labels).backward();
    adam.step();
  };
  for (int round = 0; round < 3; ++round)
    for (const auto& batch : batches) step(batch);

  struct Blocks {
    std::size_t small, large;
  };
  const auto asked_for = [&] {
    const Blocks before{test::small_blocks, test::large_blocks};
    for (const auto& batch : batches) step(batch);
    return Blocks{test::small_blocks - before.small, test::large_blocks - before.large};
  };
  const Blocks first = asked_for(), second = asked_for();
  CHECK(first.large == 0);
  CHECK(second.large == 0);
  // Nodes of the graph and handles of tensors, about a hundred a step.
  CHECK(first.small < 3 * 200);
  CHECK(second.small == first.small);
}
