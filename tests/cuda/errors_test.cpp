// SPDX-License-Identifier: MIT
// Wrong ids and labels, which only kernels see: thrown by the next call that waits, in the CPU's words.
#include "backends.hpp"

using namespace lstmlib;

namespace {

Tensor<std::int32_t> numbers(const std::vector<std::int32_t>& all) {
  return Tensor<std::int32_t>::from(all, {std::ssize(all)}, test::gpu());
}
Variable<float> table() { return Variable<float>(test::values<float>({5, 40}, 1, test::gpu()), true); }
void synchronise() { test::gpu().backend().synchronise(0); }

}  // namespace

TEST_CASE("cuda: an id outside the table") {
  for (const auto& [ids, words] : std::vector<std::pair<std::vector<std::int32_t>, const char*>>{
           {{5}, "embedding: id 5, expected 0 to 4"},
           {{-2}, "embedding: id -2, expected 0 to 4"},
           {{1, 2, 9, 77, 0}, "embedding: id 9, expected 0 to 4"}}) {
    const auto rows = ops::embedding(numbers(ids), table(), -1);
    CHECK_THROWS_WITH_AS(synchronise(), words, IndexError);
    CHECK_NOTHROW(synchronise());
  }
  // The lowest place counts, whatever the order in which threads find it; rows of good ids are there.
  std::vector<std::int32_t> many(3000, 1);
  many[2500] = 100, many[1234] = 101, many[2999] = -7;
  const auto rows = ops::embedding(numbers(many), table(), -1);
  CHECK_THROWS_WITH_AS(rows.value().rows(0, 1).to(Device::cpu()), "embedding: id 101, expected 0 to 4",
                       IndexError);
  test::check_equal(rows.value().rows(7, 1), table().value().rows(1, 1), "a good row");
}

TEST_CASE("cuda: an id outside the table where rows are added") {
  auto target = Tensor<float>::zeros({5, 40}, test::gpu());
  const auto rows = test::values<float>({2, 40}, 1, test::gpu());
  auto& nn_kernels = kernels("test", target).nn;
  nn_kernels.scatter_add_rows(rows.view(), numbers({6, 2}).view(), ignore_none, target.mutable_view());
  CHECK_THROWS_WITH_AS(synchronise(), "embedding: id 6, expected 0 to 4", IndexError);
  test::check_equal(target.rows(2, 1), rows.rows(1, 1), "the good row");
  nn_kernels.scatter_add_rows(rows.view(), numbers({-1, -3}).view(), ignore_none, target.mutable_view());
  CHECK_NOTHROW(synchronise());
}

TEST_CASE("cuda: a label outside the classes") {
  const auto scores = [](Index rows) {
    return Variable<float>(test::values<float>({rows, 3}, 2, test::gpu()), true);
  };
  for (const std::int32_t label : {3, -2}) {
    const auto loss = ops::softmax_cross_entropy(scores(1), numbers({label}));
    CHECK_THROWS_WITH_AS(loss.item(),
                         message("softmax_cross_entropy: label ", label, ", expected 0 to 2").c_str(),
                         IndexError);
  }
  const auto in = scores(4);
  const auto loss = ops::softmax_cross_entropy(in, numbers({0, 3, -1, 8}));
  loss.backward();  // harmless: the wrong labels have no gradient
  CHECK_THROWS_WITH_AS(loss.item(), "softmax_cross_entropy: label 3, expected 0 to 2", IndexError);
  CHECK(test::elements(in.grad().rows(1, 1)) == std::vector<float>(3, 0));
}

TEST_CASE("cuda: of several kinds of errors the first kernel's is thrown") {
  const auto rows = ops::embedding(numbers({8}), table(), -1);
  const auto loss =
      ops::softmax_cross_entropy(Variable<float>(test::values<float>({1, 3}, 2, test::gpu())), numbers({9}));
  CHECK_THROWS_WITH_AS(synchronise(), "embedding: id 8, expected 0 to 4", IndexError);
  CHECK_NOTHROW(synchronise());
}
