// SPDX-License-Identifier: MIT
#include "distributed/mpi/processes.hpp"
#include "distributed/table_case.hpp"

#include <cstring>

namespace lstmlib::test {
namespace {

/// Numbers of any size and sign, other ones in each process.
std::vector<float> numbers(std::size_t count, int rank) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = std::sin(static_cast<float>(i + 1) * static_cast<float>(rank + 1)) *
                std::pow(10.0f, static_cast<float>(i % 7) - 3);
  return values;
}
std::vector<double> sums(std::size_t count, int size) {
  std::vector<double> sum(count);
  for (int rank = 0; rank < size; ++rank) {
    const auto values = numbers(count, rank);
    for (std::size_t i = 0; i < count; ++i) sum[i] += static_cast<double>(values[i]);
  }
  return sum;
}
/// Whether the values are the same bits in all processes.
template <class T>
bool same_in_all(distributed::Communicator& all, const Tensor<T>& values) {
  const auto parts = all.all_gather(std::as_bytes(values.values()));
  return std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return part == parts.front(); });
}

TEST_CASE("mpi: ranks, hosts and what the first process says") {
  auto& all = *processes();
  const std::int64_t mine = all.rank();
  const auto ranks = all.all_gather(std::as_bytes(std::span(&mine, 1)));
  REQUIRE(ranks.size() == static_cast<std::size_t>(all.size()));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {  // each has another one, and its place
    std::int64_t said = -1;
    REQUIRE(ranks[rank].size() == sizeof said);
    std::memcpy(&said, ranks[rank].data(), sizeof said);
    CHECK(said == static_cast<std::int64_t>(rank));
  }
  CHECK(all.local_size() == all.size());  // mpirun on one host
  CHECK(all.local_rank() == all.rank());
  CHECK(!all.host().empty());
  std::vector<std::int64_t> said(1000, all.rank() + 5);
  all.broadcast(std::as_writable_bytes(std::span(said)), all.size() - 1);
  CHECK(said == std::vector<std::int64_t>(1000, all.size() + 4));
  all.barrier();
}

TEST_CASE("mpi: gather takes any number of bytes of each") {
  auto& all = *processes();
  const std::vector<std::byte> mine(static_cast<std::size_t>(all.rank() * 1000), std::byte{7});
  const auto parts = all.all_gather(mine);
  REQUIRE(parts.size() == static_cast<std::size_t>(all.size()));
  for (std::size_t rank = 0; rank < parts.size(); ++rank)
    CHECK(parts[rank] == std::vector<std::byte>(rank * 1000, std::byte{7}));
}

TEST_CASE("mpi: sums are right, and the same bits in all processes") {
  auto& all = *processes();
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{300'001}}) {
    CAPTURE(count);
    auto values = Tensor<float>::from(numbers(count, all.rank()), {static_cast<Index>(count)});
    all.all_reduce(values);
    const auto expected = sums(count, all.size());
    double worst = 0;
    for (std::size_t i = 0; i < count; ++i)
      worst = std::max(worst, std::abs(static_cast<double>(values.values()[i]) - expected[i]) / 4000);
    CHECK(worst < 1e-6);
    CHECK(same_in_all(all, values));
  }
  auto doubles = Tensor<double>::from({0.25, static_cast<double>(all.rank())}, {2});
  all.all_reduce(doubles);
  CHECK(doubles.values()[0] == 0.25 * all.size());
  CHECK(doubles.values()[1] == all.size() * (all.size() - 1) / 2.0);
}

TEST_CASE("mpi: sums in bfloat16 are rounded twice, for any number of processes") {
  auto& all = *processes();
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{10'001}}) {
    auto values = Tensor<float>::from(numbers(count, all.rank()), {static_cast<Index>(count)});
    all.all_reduce_async(values, distributed::GradientCompression::bf16)->wait();
    const auto expected = sums(count, all.size());
    std::vector<double> sizes(count);  // of the addends
    for (int rank = 0; rank < all.size(); ++rank) {
      const auto addends = numbers(count, rank);
      for (std::size_t i = 0; i < count; ++i) sizes[i] += std::abs(static_cast<double>(addends[i]));
    }
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double bound =
          sizes[i] * 2 / 256 + 1e-12;  // half a unit of 8 bits for an addend, and for the sum
      wrong += !(std::abs(static_cast<double>(values.values()[i]) - expected[i]) <= bound);
    }
    CHECK(wrong == 0);
    if (all.size() == 1) CHECK(std::ranges::equal(values.values(), numbers(count, 0)));
    CHECK(same_in_all(all, values));
  }
}

TEST_CASE("mpi: rows of tables are added, exactly or rounded on their way") {
  auto& all = *processes();
  if (all.size() == 1) return;  // nothing travels
  for (const auto compression :
       {distributed::GradientCompression::none, distributed::GradientCompression::bf16}) {
    const auto sum = check_sum_of_rows(all, compression);
    for (const auto& part : all.all_gather(sum)) CHECK(part == sum);
  }
}

TEST_CASE("mpi: many operations are under way at once, and are waited for in any order") {
  auto& all = *processes();
  constexpr std::size_t count = 50'000;
  std::vector<Tensor<float>> values;
  std::vector<std::unique_ptr<distributed::Work>> pending;
  for (int i = 0; i < 12; ++i) {
    values.push_back(
        Tensor<float>::from(std::vector<float>(count, static_cast<float>(i + all.rank())), {count}));
    pending.push_back(all.all_reduce_async(values.back(), i % 3 == 1
                                                              ? distributed::GradientCompression::bf16
                                                              : distributed::GradientCompression::none));
  }
  const std::vector<std::int32_t> mine(10, all.rank());
  std::vector<std::int32_t> gathered(static_cast<std::size_t>(10 * all.size()));
  const std::vector<std::size_t> sizes(static_cast<std::size_t>(all.size()), 40);
  const auto gather = all.all_gather_async(Device::cpu(), mine.data(), gathered.data(), sizes);
  if (all.rank() % 2 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto later = all.all_gather({});  // another call in between
  gather->wait();
  for (auto it = pending.rbegin(); it != pending.rend(); ++it) (*it)->wait();
  for (int i = 0; i < 12; ++i) {
    const auto expected = static_cast<float>(i * all.size() + all.size() * (all.size() - 1) / 2);
    const auto got = values[static_cast<std::size_t>(i)].values();
    CHECK(std::all_of(got.begin(), got.end(), [&](float value) { return value == expected; }));
  }
  for (std::size_t i = 0; i < gathered.size(); ++i) CHECK(gathered[i] == static_cast<std::int32_t>(i / 10));
}

TEST_CASE("mpi: a failure in one process is an error in all, with its rank") {
  auto& all = *processes();
  const auto work = [&] {
    if (all.rank() == all.size() - 1) fail<FileError>("no such file");
    return 7;
  };
  std::string text;
  try {
    distributed::all_or_none(all, work);
  } catch (const distributed::AgreedError& error) { text = error.what(); }
  if (all.size() == 1) CHECK(text == "no such file");
  else CHECK(says(text, message("rank ", all.size() - 1, " of ", all.size(), " (on ")));
  CHECK(says(text, "no such file"));
  CHECK(distributed::all_or_none(all, [] { return 7; }) == 7);

  distributed::require_same(all, "the data", "same");
  if (all.size() > 1)
    CHECK_THROWS_AS(distributed::require_same(all, "the data", std::to_string(all.rank())),
                    distributed::AgreedError);
}

}  // namespace
}  // namespace lstmlib::test
