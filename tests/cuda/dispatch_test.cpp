// SPDX-License-Identifier: MIT
// Which kernels a recurrent layer runs on, on devices of several kinds, and where a device refuses them.
#include "backends.hpp"

#include "lstmlib/backend/cuda/backend.hpp"

#include "../backend/recurrent_case.hpp"

#include <cstdlib>
#include <memory>

using namespace lstmlib;
using cuda::model::WithDevice;
using test::RecurrentCase;

namespace {

/// An LSTM over 11 sentences, with too many units for the shared memory of one block.
RecurrentCase lstm() {
  for (unsigned seed = 0;; ++seed) {
    RecurrentCase one(seed, 150, 9, 11, 4);
    if (one.plain->cell == RecurrentCell::lstm) return one;
  }
}
/// A back end that knows nothing yet of the device. As all back ends it is never destroyed.
cuda::CudaBackend& fresh(const char* word = nullptr) {
  static auto& all = *new std::vector<std::unique_ptr<cuda::CudaBackend>>;
  if (word) setenv("LSTMLIB_CUDA_RECURRENT", word, 1);
  all.push_back(std::make_unique<cuda::CudaBackend>(1));
  struct Unset {
    ~Unset() { unsetenv("LSTMLIB_CUDA_RECURRENT"); }
  } const unset;
  (void)all.back()->context(0);
  return *all.back();
}
/// Whether the persistent kernels have run: of those of recurrent layers, they alone send messages.
template <class Work>
bool uses_clusters(Work work) {
  cuda::model::statistics() = {};
  work();
  return cuda::model::statistics().asynchronous_stores > 0;
}
constexpr double tolerance = 3e-5;

cuda::model::Device without_clusters() {
  cuda::model::Device weak;
  weak.largest_cluster = 0;
  return weak;
}

}  // namespace

TEST_CASE("recurrent kernels: persistent ones for LSTM layers of float where the device has clusters") {
  auto one = lstm();
  auto& backend = fresh();
  CHECK(uses_clusters([&] { test::check_recurrent<float>(backend, one, tolerance); }));
  CHECK_FALSE(uses_clusters([&] { test::check_recurrent<double>(backend, one, 1e-12); }));
  const WithDevice with(cuda::model::small_device());
  auto& other = fresh();
  auto again = lstm();
  CHECK_FALSE(uses_clusters([&] { test::check_recurrent<float>(other, again, tolerance); }));
}

TEST_CASE("recurrent kernels: the environment decides, and a wrong word is an error") {
  auto one = lstm();
  CHECK_FALSE(uses_clusters([&] { test::check_recurrent<float>(fresh("portable"), one, tolerance); }));
  CHECK(uses_clusters([&] { test::check_recurrent<float>(fresh("cluster"), one, tolerance); }));
  CHECK_THROWS_WITH_AS(fresh("fast"), "LSTMLIB_CUDA_RECURRENT is \"fast\", expected portable or cluster",
                       Error);
}

TEST_CASE("recurrent kernels: where the device refuses one after all, another does the work") {
  auto& backend = fresh();
  auto one = lstm();
  test::check_recurrent<float>(backend, one, tolerance);  // planned, with clusters
  {
    cuda::model::Device smaller;
    smaller.largest_cluster = 8;
    const WithDevice with(smaller);
    test::check_recurrent<float>(backend, one, tolerance);
  }
  {
    const WithDevice with(without_clusters());
    CHECK_FALSE(uses_clusters([&] { test::check_recurrent<float>(backend, one, tolerance); }));
  }
  // What was refused once is not tried again.
  CHECK_FALSE(uses_clusters([&] { test::check_recurrent<float>(backend, one, tolerance); }));
}

TEST_CASE("recurrent kernels: those of each step go backward where persistent ones went forward") {
  for (const bool graphs : {false, true}) {
    auto& backend = fresh();
    auto one = lstm();
    if (graphs) test::check_recurrent<float>(backend, one, tolerance);  // the first piece is never a graph
    std::unique_ptr<WithDevice> with;
    bool forward_by_clusters = false;
    cuda::model::statistics() = {};
    test::check_recurrent<float>(backend, one, tolerance, Precision::fp32, [&] {
      backend.synchronise(0);
      forward_by_clusters = cuda::model::statistics().asynchronous_stores > 0;
      cuda::model::statistics() = {};
      with = std::make_unique<WithDevice>(without_clusters());
    });
    CHECK(forward_by_clusters);
    CHECK(cuda::model::statistics().asynchronous_stores == 0);
  }
}
