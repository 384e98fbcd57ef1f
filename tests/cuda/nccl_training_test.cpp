// SPDX-License-Identifier: MIT
// Training on several GPUs follows that on one: gradients travel within the graph of each step.
#include "nccl/connect.hpp"
#include "distributed/training.hpp"

namespace lstmlib::nccl_test {

/// The parameters and the losses after some steps on the GPU.
template <Real T>
std::vector<T> trained(Communicator& all, const distributed::ReducerOptions& exchange) {
  set_seed(4);
  const auto data = test::random_sentences(29, 60, 1);
  test::SmallClassifier<T> model(60, 6, 0.3);
  model.to(test::gpu());
  optim::Adam adam(model);
  adam.add_hook(optim::ClipGradNorm{1});
  data::SerialIterator<data::LabelledSequences> batches(data,
                                                        {.batch_size = 8, .seed = 3, .device = test::gpu()});
  const auto objective = [&](const data::LabelledTokens& batch, train::Observation&) {
    return ops::softmax_cross_entropy(model(batch.tokens), batch.labels);
  };
  distributed::ParallelUpdater updater(all, batches, model, adam, objective, exchange);
  std::vector<T> found;
  for (int step = 0; step < 8; ++step) found.push_back(static_cast<T>(*updater.update().find("main/loss")));
  adam.parameters().for_each([&]<Real U>(optim::Entry<U>& entry) {
    if constexpr (std::same_as<U, T>) append(found, test::elements(entry.parameter.value()));
  });
  if (!context().graphs.usable()) fail<Error>("no graphs are used any more");
  return found;
}
template <Real T>
std::vector<std::vector<T>> trained_together(int size, Speed speed,
                                             distributed::ReducerOptions exchange = {}) {
  return on_ranks(size, [&](Communicator& host) {
    const auto nccl = connect(host, speed);
    return trained<T>(*nccl, exchange);
  });
}
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

TEST_CASE("nccl: training on 2 and 3 GPUs follows that on one, as whole tables, rows, and in small buckets") {
  const auto alone = on_ranks(1, [](Communicator&) {
    distributed::SingleProcess one;
    return trained<double>(one, {});
  })[0];
  for (const distributed::ReducerOptions& exchange :
       {distributed::ReducerOptions{}, distributed::ReducerOptions{.bucket_bytes = 1, .rows = false},
        distributed::ReducerOptions{.overlap = false}})
    for (const Speed speed : {Speed::late, Speed::at_once}) {
      for (const auto& one : trained_together<double>(2, speed, exchange))
        CHECK(distance(one, alone) <= 1e-12);
    }
  for (const auto& one : trained_together<double>(3, Speed::late)) CHECK(distance(one, alone) <= 1e-12);
}

TEST_CASE("nccl: gradients in bfloat16 lead nearly where exact ones do, and all processes to the same") {
  const auto exact = trained_together<float>(2, Speed::late),
             rounded = trained_together<float>(2, Speed::at_once, {.compression = GradientCompression::bf16});
  CHECK(exact[0] == exact[1]);
  CHECK(rounded[0] == rounded[1]);
  CHECK(distance(exact[0], rounded[0]) > 0);
  CHECK(distance(exact[0], rounded[0]) < 0.02);  // 8 steps of Adam with a rate of 0.001
}

}  // namespace lstmlib::nccl_test
