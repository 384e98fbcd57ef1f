// SPDX-License-Identifier: MIT
// First values: moments and bounds as the reference's, orthogonality, reproducibility.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

using namespace lstmlib;

namespace {

struct Moments {
  double mean, deviation, smallest, largest;
};

Moments moments(const Tensor<float>& x) {
  double sum = 0, squares = 0, smallest = x.values()[0], largest = smallest;
  for (const double v : x.values()) {
    sum += v;
    squares += v * v;
    smallest = std::min(smallest, v);
    largest = std::max(largest, v);
  }
  const auto n = static_cast<double>(x.size());
  return {sum / n, std::sqrt(squares / n - sum * sum / n / n), smallest, largest};
}

Tensor<float> make(const std::string& name, const Shape& shape, double scale) {
  if (name == "Normal") return nn::normal<float>(shape, scale);
  if (name == "Uniform") return nn::uniform<float>(shape, scale);
  if (name == "LeCunNormal") return nn::lecun_normal<float>(shape, scale);
  if (name == "LeCunUniform") return nn::lecun_uniform<float>(shape, scale);
  if (name == "GlorotNormal") return nn::glorot_normal<float>(shape, scale);
  if (name == "GlorotUniform") return nn::glorot_uniform<float>(shape, scale);
  if (name == "HeNormal") return nn::he_normal<float>(shape, scale);
  if (name == "HeNormal_fan_out") return nn::he_normal<float>(shape, scale, nn::Fan::out);
  REQUIRE(name == "HeUniform");
  return nn::he_uniform<float>(shape, scale);
}

/// |M Mᵀ - scale² I| or |Mᵀ M - scale² I|, whichever side is shorter; the largest element.
double deviation_from_orthogonal(const Tensor<double>& x, double scale) {
  const Index rows = x.shape().rows(), columns = x.shape().row_size();
  const bool wide = rows <= columns;
  const auto at = [&](Index vector, Index i) {
    return x.values()[static_cast<std::size_t>(wide ? vector * columns + i : i * columns + vector)];
  };
  double worst = 0;
  for (Index a = 0; a < std::min(rows, columns); ++a)
    for (Index b = 0; b <= a; ++b) {
      double product = 0;
      for (Index i = 0; i < std::max(rows, columns); ++i) product += at(a, i) * at(b, i);
      worst = std::max(worst, std::abs(product - (a == b ? scale * scale : 0)));
    }
  return worst;
}

}  // namespace

TEST_CASE("initializers: deviation, mean and bounds of the formulas") {
  set_seed(11);
  struct Case {
    const char* name;
    double scale, deviation, bound;
  };
  const Shape shape{200, 150, 2, 1};  // fan-in 300, fan-out 400
  for (const auto& c :
       {Case{"Normal", 0.05, 0.05, 0}, Case{"LeCunNormal", 2, 2 * std::sqrt(1 / 300.0), 0},
        Case{"GlorotNormal", 1, std::sqrt(2 / 700.0), 0}, Case{"HeNormal", 1, std::sqrt(2 / 300.0), 0},
        Case{"HeNormal_fan_out", 1, std::sqrt(2 / 400.0), 0},
        Case{"Uniform", 0.25, 0.25 / std::sqrt(3), 0.25},
        Case{"LeCunUniform", 1, std::sqrt(1 / 300.0), std::sqrt(3 / 300.0)},
        Case{"GlorotUniform", 1, std::sqrt(2 / 700.0), std::sqrt(6 / 700.0)},
        Case{"HeUniform", 1, std::sqrt(2 / 300.0), std::sqrt(6 / 300.0)}}) {
    CAPTURE(c.name);
    const auto m = moments(make(c.name, shape, c.scale));
    CHECK(m.deviation == doctest::Approx(c.deviation).epsilon(0.015));
    CHECK(std::abs(m.mean) < 5 * c.deviation / std::sqrt(60'000.0));
    if (c.bound > 0) CHECK((m.smallest >= -c.bound && m.largest <= c.bound && m.largest > 0.999 * c.bound));
  }
}

TEST_CASE("initializers: the reference's table") {
  if (!test::kit_has("compat/initializers")) return;
  set_seed(12);
  std::ifstream file(test::kit() / "compat/initializers/initializers.json");
  const auto table = nlohmann::json::parse(file);
  int count = 0;
  for (const auto& row : table.at("random")) {
    const auto sizes = row.at("shape").get<std::vector<Index>>();
    CAPTURE(row.dump());
    const auto m =
        moments(make(row.at("name").get<std::string>(), Shape(sizes), row.at("scale").get<double>()));
    CHECK(m.deviation == doctest::Approx(row.at("expected_std").get<double>())
                             .epsilon(row.at("std_tolerance_rel").get<double>()));
    if (row.contains("expected_bound")) {
      const double bound = row.at("expected_bound").get<double>() * (1 + 1e-6);
      CHECK((m.smallest >= -bound && m.largest <= bound));
    }
    ++count;
  }
  CHECK(count > 40);
  for (const auto& row : table.at("orthogonal")) {
    const auto sizes = row.at("shape").get<std::vector<Index>>();
    const double scale = row.at("scale").get<double>();
    CHECK(deviation_from_orthogonal(nn::orthogonal<double>(Shape(sizes), scale), scale) < 1e-14);
  }
}

TEST_CASE("initializers: constants, identity, orthogonal") {
  CHECK(nn::constant<float>({2, 2}, 0.25).values()[3] == 0.25f);
  const auto i = nn::identity<double>({3, 3}, 2);
  for (std::size_t k = 0; k < 9; ++k) CHECK(i.values()[k] == (k % 4 == 0 ? 2 : 0));
  CHECK_THROWS_AS(nn::identity<float>({2, 3}), ShapeError);
  CHECK_THROWS_AS(nn::lecun_normal<float>({3}), ShapeError);
  for (const Shape& shape : {Shape{4, 6}, Shape{6, 4}, Shape{5, 5}, Shape{4, 3, 2}, Shape{64, 64}})
    CHECK(deviation_from_orthogonal(nn::orthogonal<double>(shape, 1.1), 1.1) < 1e-14);
}

TEST_CASE("initializers: a seed gives the same values, the next tensor others") {
  const auto first = [](std::uint64_t seed) {
    set_seed(seed);
    const auto a = nn::normal<float>({4}, 1), b = nn::normal<float>({4}, 1);
    return std::pair(a.values()[0], b.values()[0]);
  };
  CHECK(first(1) == first(1));
  CHECK(first(1) != first(2));
  CHECK(first(1).first != first(1).second);
}

TEST_CASE("initializers: layers start as the reference's") {
  set_seed(13);
  nn::Lstm<float> lstm({.input_size = 300, .hidden_size = 300});
  CHECK(moments(lstm.layers[0].weight_hidden.value()).deviation ==
        doctest::Approx(std::sqrt(1 / 300.0)).epsilon(0.01));
  for (const float b : lstm.layers[0].bias_input.value().values()) CHECK(b == 0);
  nn::Embedding<float> embedding({.vocabulary_size = 500, .output_size = 100});
  CHECK(moments(embedding.weight.value()).deviation == doctest::Approx(1).epsilon(0.02));
}

TEST_CASE("initializer: layers to be loaded draw no random numbers") {
  set_seed(3);
  const auto expected = nn::normal<float>({4, 4}, 1);
  set_seed(3);
  {
    const nn::SkipInit scope;
    for (const auto& made :
         {nn::normal<float>({4, 4}, 1), nn::uniform<float>({4, 4}, 1), nn::orthogonal<float>({4, 4})})
      CHECK(std::ranges::all_of(made.values(), [](float x) { return x == 0; }));
  }
  const auto after = nn::normal<float>({4, 4}, 1);
  CHECK(std::ranges::equal(after.values(), expected.values()));
}
