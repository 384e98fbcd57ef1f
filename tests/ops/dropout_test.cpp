// SPDX-License-Identifier: MIT
// Dropout's promises: what the mask depends on, and what it does not.
#include "lstmlib/core.hpp"

#include "backend/settings.hpp"
#include "support.hpp"

using namespace lstmlib;

namespace {

Variable<float> ones(Index rows, Index width) {
  return Variable<float>(nn::constant<float>({rows, width}, 1));
}

std::shared_ptr<const SequenceLayout> layout(std::vector<Index> lengths) {
  return std::make_shared<const SequenceLayout>(lengths);
}

std::vector<float> row(const Variable<float>& x, Index at) {
  const auto values = x.value().rows(at, 1);
  return {values.values().begin(), values.values().end()};
}

}  // namespace

TEST_CASE("dropout: keeps a share of 1 - ratio, scaled, so that the mean stays") {
  set_seed(3);
  const auto y = ops::dropout(ones(200, 300), 0.4);
  Index kept = 0;
  for (const float v : y.value().values()) {
    REQUIRE((v == 0 || v == doctest::Approx(1 / 0.6)));
    kept += v != 0;
  }
  CHECK(static_cast<double>(kept) / 60'000 == doctest::Approx(0.6).epsilon(0.02));
}

TEST_CASE("dropout: two dropouts in a row keep (1 - p)^2 of the elements") {
  set_seed(3);
  begin_step(0);
  const auto y = ops::dropout(ops::dropout(ones(200, 300), 0.4), 0.4);
  Index kept = 0;
  for (const float v : y.value().values()) kept += v != 0;
  CHECK(static_cast<double>(kept) / 60'000 == doctest::Approx(0.36).epsilon(0.03));
}

TEST_CASE("dropout: the mask is that of seed, step and call, again and again") {
  const auto mask = [](std::uint64_t seed, std::uint64_t step, int call) {
    set_seed(seed);
    begin_step(step);
    Variable<float> y;
    for (int i = 0; i <= call; ++i) y = ops::dropout(ones(2, 50), 0.5);
    return std::vector<float>(y.value().values().begin(), y.value().values().end());
  };
  CHECK(mask(1, 2, 0) == mask(1, 2, 0));
  CHECK(mask(1, 2, 1) == mask(1, 2, 1));
  CHECK(mask(1, 2, 0) != mask(2, 2, 0));
  CHECK(mask(1, 2, 0) != mask(1, 3, 0));
  CHECK(mask(1, 2, 0) != mask(1, 2, 1));
}

TEST_CASE(
    "dropout: a word's mask depends on its sentence's place and its position, not on the other sentences") {
  const auto key = math::random_key(5, 6, 7);
  const auto a = ops::dropout(Ragged<Variable<float>>{ones(6, 40), layout({2, 4})}, 0.5, key);
  const auto b = ops::dropout(Ragged<Variable<float>>{ones(9, 40), layout({5, 4})}, 0.5, key);
  for (Index i = 0; i < 2; ++i) CHECK(row(a.values, i) == row(b.values, i));          // sentence 0
  for (Index i = 0; i < 4; ++i) CHECK(row(a.values, 2 + i) == row(b.values, 5 + i));  // sentence 1
  CHECK(row(a.values, 0) != row(a.values, 1));
  CHECK(row(a.values, 0) != row(a.values, 2));
}

TEST_CASE(
    "dropout: the second half of a batch on another rank has the masks that it has in the whole batch") {
  const auto key = math::random_key(5, 6, 7);
  const auto whole = ops::dropout(Ragged<Variable<float>>{ones(7, 33), layout({2, 1, 4})}, 0.5, key);
  random_state().first_sentence = 2;
  const auto half = ops::dropout(Ragged<Variable<float>>{ones(4, 33), layout({4})}, 0.5, key);
  random_state().first_sentence = 0;
  for (Index i = 0; i < 4; ++i) CHECK(row(whole.values, 3 + i) == row(half.values, i));
}

TEST_CASE("dropout: float and double have the same mask") {
  const auto key = math::random_key(5, 6, 7);
  const auto single = ops::dropout(ones(3, 21), 0.3, key);
  const auto wide = ops::dropout(Variable<double>(nn::constant<double>({3, 21}, 1)), 0.3, key);
  for (std::size_t i = 0; i < 63; ++i)
    CHECK((single.value().values()[i] == 0) == (wide.value().values()[i] == 0));
}

TEST_CASE_TEMPLATE("dropout: an embedding with dropout has every bit of the two one after another", T, float,
                   double) {
  test::with_each_instruction_set([] {
    for (const Index width : {1, 3, 16, 37, 300}) {
      const auto s = layout({3, 1, 40, 2});
      std::vector<std::int32_t> words(46);
      for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<std::int32_t>(math::random_word({{1, 2}}, i) % 12) - 1;
      const Tokens tokens{Tensor<std::int32_t>::from(words, {46}), s};
      const auto table = nn::normal<T>({20, width}, 1), weights = nn::normal<T>({46, width}, 1);
      const auto key = next_dropout_key();
      const auto run = [&](auto forward) {
        const Variable<T> leaf(table, true);
        const Variable<T> rows = forward(leaf).values;
        ops::sum(rows * Variable<T>(weights)).backward();
        const auto ids = leaf.sparse_grad().indices;
        std::vector<std::vector<T>> all;
        for (const auto& part : {rows.value(), leaf.sparse_grad().values})
          all.emplace_back(part.values().begin(), part.values().end());
        all.emplace_back(ids.values().begin(), ids.values().end());
        return all;
      };
      CAPTURE(width);
      const auto fused =
          run([&](const auto& leaf) { return ops::embedding_with_dropout(tokens, leaf, -1, 0.4, key); });
      CHECK(fused == run([&](const auto& leaf) {
              return ops::dropout(tokens.with(ops::embedding(tokens.values, leaf, -1)), 0.4, key);
            }));
      CHECK(fused != run([&](const auto& leaf) {
              return ops::dropout(tokens.with(ops::embedding(tokens.values, leaf, -1)), 0.4,
                                  next_dropout_key());
            }));
    }
  });
}

TEST_CASE("dropout: the layers draw the same mask, whether the embedding has dropout or dropout follows it") {
  const nn::Embedding<float> embedding({.vocabulary_size = 9, .output_size = 33});
  const nn::Dropout dropout{0.4};
  const Tokens tokens = make_tokens(std::vector<std::vector<std::int32_t>>{{1, 2, 8}, {2}});
  const auto values = [&](bool fused) {
    begin_step(4);
    const auto rows = fused ? embedding(tokens, dropout).values : dropout(embedding(tokens)).values;
    return std::vector<float>(rows.value().values().begin(), rows.value().values().end());
  };
  CHECK(values(true) == values(false));
  const Inference inference;
  const auto whole = values(true);
  CHECK(whole == values(false));
  CHECK(std::find(whole.begin(), whole.end(), 0.0f) == whole.end());
}

TEST_CASE("dropout: the layer passes its input on in Inference, or with ratio 0") {
  const auto x = ones(2, 5);
  const Inference scope;
  CHECK(nn::Dropout{0.5}(x).value().view().data == x.value().view().data);
}

TEST_CASE("dropout: refuses a ratio outside 0 to below 1") {
  CHECK_THROWS_AS(ops::dropout(ones(1, 1), 1.0), ValueError);
  CHECK_THROWS_AS(ops::dropout(ones(1, 1), -0.1), ValueError);
  const Tokens tokens = make_tokens(std::vector<std::vector<std::int32_t>>{{0}});
  CHECK_THROWS_AS(ops::embedding_with_dropout(tokens, ones(1, 1), ignore_none, 1.0), ValueError);
  CHECK_THROWS_AS(ops::dropout(ones(1, 1), std::numeric_limits<double>::quiet_NaN()), ValueError);
}
