// SPDX-License-Identifier: MIT
// Parameters by path, their lists, and freezing them.
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

using namespace lstmlib;

namespace {

struct MixedModel final : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 5, .output_size = 3}};
  nn::Lstm<float> encoder{{.input_size = 3, .hidden_size = 3}};
  nn::Linear<float> output{{.input_size = 3, .output_size = 5, .bias = false}};
  nn::Parameter<double> scale{Tensor<double>::from({1, 2}, {2})};
  explicit MixedModel(bool tie = false) {
    if (tie) output.weight = embedding.weight;
  }
  Variable<float> operator()(const Tokens& tokens) const {
    return output(encoder(embedding(tokens)).last_hidden());
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embed", embedding)("encoder", encoder)("output", output)("scale", scale);
  }
};

std::vector<std::string> paths(const std::vector<nn::NamedParameter>& all) {
  std::vector<std::string> found;
  for (const auto& one : all) found.push_back(one.path);
  return found;
}
std::vector<float> numbers_of(const Tensor<float>& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}
Variable<float> loss_of(const MixedModel& model) { return ops::sum(model(make_tokens({{{0, 1, 4}, {2}}}))); }

}  // namespace

TEST_CASE("named_parameters lists path, shape, type, frozen and tied in the order of the members") {
  MixedModel model(true);
  model.encoder.layers[0].bias_input.freeze();
  const auto all = model.named_parameters();
  CHECK(paths(all) == std::vector<std::string>{"embed/W", "encoder/0/w0..w3", "encoder/0/w4..w7",
                                               "encoder/0/b0..b3", "encoder/0/b4..b7", "output/W", "scale"});
  CHECK(all[1].shape == Shape{12, 3});
  CHECK(all[1].count() == 36);
  CHECK(all[1].names ==
        std::vector<std::string>{"encoder/0/w0", "encoder/0/w1", "encoder/0/w2", "encoder/0/w3"});
  CHECK(all[6].dtype == "float64");
  for (const auto& one : all) {
    CHECK(one.frozen == (one.path == "encoder/0/b0..b3"));
    CHECK(one.tied_to == (one.path == "output/W" ? "embed/W" : ""));
  }
  CHECK(model.parameter_count() == 15 + 36 + 36 + 12 + 12 + 2);  // the tied weight once
  CHECK(model.trainable_parameter_count() == model.parameter_count() - 12);
}

TEST_CASE("a parameter is found by its path, and is the member") {
  MixedModel model;
  CHECK(&model.parameter("encoder/0/w0..w3") == &model.encoder.layers[0].weight_input);
  CHECK(&model.parameter<double>("scale") == &model.scale);
  CHECK(&model.encoder.parameter("0/b4..b7") == &model.encoder.layers[0].bias_hidden);
}

TEST_CASE("a path that leads nowhere is refused with the nearest ones") {
  MixedModel model;
  CHECK_THROWS_WITH_AS(
      model.parameter("outptu/W"),
      "parameter: no parameter at \"outptu/W\"; the nearest are \"output/W\", \"embed/W\", \"scale\"",
      IndexError);
  CHECK_THROWS_WITH_AS(
      model.freeze("encodr"),
      "freeze: no parameter at \"encodr\"; the nearest are \"encoder\", \"encoder/0\", \"embed\"",
      IndexError);
  CHECK_THROWS_WITH_AS(
      model.parameter("encoder/0/w1"),
      "parameter: \"encoder/0/w1\" is only a part of a parameter; the whole is \"encoder/0/w0..w3\"",
      IndexError);
  CHECK_THROWS_AS(model.parameter("encoder"), IndexError);  // not one parameter
  CHECK_THROWS_AS(model.parameter(""), IndexError);
  CHECK_THROWS_AS(model.unfreeze("encoder/0/w"), IndexError);
  CHECK_THROWS_AS(model.freeze("enc"), IndexError);  // a name is taken whole
  CHECK_THROWS_WITH_AS(model.parameter("scale"),
                       "parameter: scale is float64, asked for as float32; write parameter<double>",
                       DtypeError);
  struct Empty final : nn::Module {
    void visit_members(nn::MemberVisitor&) override {}
  } empty;
  CHECK_THROWS_WITH_AS(empty.freeze("W"), "freeze: no parameter at \"W\"; the module has none", IndexError);
  CHECK_NOTHROW(empty.freeze());
  CHECK(empty.parameter_count() == 0);
}

TEST_CASE("frozen parameters get no gradient, and the others the same as before") {
  MixedModel model;
  loss_of(model).backward();
  const auto of_output = numbers_of(model.output.weight.grad()),
             of_table = numbers_of(model.embedding.weight.grad());
  model.embedding.weight.clear_grad();
  model.output.weight.clear_grad();
  model.freeze("encoder/");
  CHECK_FALSE(model.encoder.layers[0].weight_input.has_grad());  // it is gone
  loss_of(model).backward();
  for (const auto& one : model.named_parameters()) {
    CAPTURE(one.path);
    CHECK(one.frozen == one.path.starts_with("encoder/"));
    if (one.dtype == "float32") CHECK(model.parameter(one.path).has_grad() != one.frozen);
  }
  CHECK(numbers_of(model.output.weight.grad()) == of_output);
  CHECK(numbers_of(model.embedding.weight.grad()) == of_table);

  model.unfreeze("encoder/0/b0..b3");
  loss_of(model).backward();
  CHECK(model.encoder.layers[0].bias_input.has_grad());
  CHECK_FALSE(model.encoder.layers[0].weight_input.has_grad());
}

TEST_CASE("what depends on frozen parameters alone is not recorded, and all frozen cannot be trained") {
  MixedModel model;
  model.freeze("embed");
  const Tokens tokens = make_tokens({{{0, 1}}});
  CHECK_FALSE(model.embedding(tokens).values.requires_grad());
  CHECK(model.encoder(model.embedding(tokens)).last_hidden().requires_grad());
  model.freeze();
  CHECK(model.trainable_parameter_count() == 0);
  CHECK_THROWS_AS(loss_of(model).backward(), GradientError);
  model.unfreeze();
  CHECK_NOTHROW(loss_of(model).backward());
}

TEST_CASE("tied weights are frozen together, absent parameters stay absent, and a move keeps frozen") {
  MixedModel model(true);
  model.freeze("output");
  CHECK(model.embedding.weight.is_frozen());
  model.to(Device::cpu());
  CHECK(model.output.weight.is_frozen());
  const MixedModel moved(std::move(model));
  CHECK(moved.output.weight.is_frozen());
  nn::Parameter<float> absent;
  absent.freeze();
  CHECK_FALSE(absent.is_frozen());
}

TEST_CASE("frozen parameters are saved and loaded as others, and the file does not say frozen") {
  MixedModel model, other;
  const auto before = io::to_archive(model);
  model.freeze();
  const auto after = io::to_archive(model);
  CHECK(before.names() == after.names());
  other.freeze("output");
  io::from_archive(after, other);
  CHECK(numbers_of(other.output.weight.value()) == numbers_of(model.output.weight.value()));
  CHECK(other.output.weight.is_frozen());
  CHECK_FALSE(other.embedding.weight.is_frozen());
}

TEST_CASE("the summary is a table with the sums") {
  MixedModel model(true);
  model.freeze("scale");
  CHECK(model.summary() ==
        "parameter         shape    elements\n"
        "embed/W           [5, 3]         15\n"
        "encoder/0/w0..w3  [12, 3]        36\n"
        "encoder/0/w4..w7  [12, 3]        36\n"
        "encoder/0/b0..b3  [12]           12\n"
        "encoder/0/b4..b7  [12]           12\n"
        "output/W          [5, 3]         15  tied to embed/W\n"
        "scale             [2]             2  frozen\n"
        "all                             113  111 trainable\n");
}
