// SPDX-License-Identifier: MIT
// Whole classifiers against the reference's: values, gradients, three steps of Adam.
#include "reference.hpp"
#include "sentiment/model/classifier.hpp"

using namespace lstmlib;
using lstmlib::test::ReferenceCase;

namespace {

template <Real T>
void check_classifier(const ReferenceCase& one) {
  const auto number = [&](const char* key) { return one.about().at(key).get<Index>(); };
  sentiment::ModelSettings settings;
  settings.type = sentiment::parse_model_type(one.about().at("kind").get<std::string>());
  settings.layers = number("layers");
  settings.units = number("units");
  settings.classes = number("classes");
  settings.dropout = 0;
  sentiment::Classifier<T> model(settings, number("n_vocab"));
  model.dropout.ratio = 0;
  lstmlib::test::set_parameters<T>(model, one, "p/");

  std::vector<std::vector<std::int32_t>> sentences;
  std::vector<std::int32_t> labels;
  for (int i = 0; one.has("x" + std::to_string(i)); ++i) {
    const auto x = one.tensor<std::int32_t>("x" + std::to_string(i)),
               t = one.tensor<std::int32_t>("t" + std::to_string(i));
    sentences.emplace_back(x.values().begin(), x.values().end());
    labels.push_back(t.item());
  }
  const Tokens tokens = make_tokens(sentences);
  const auto targets = Tensor<std::int32_t>::from(labels, {static_cast<Index>(labels.size())});

  one.check("encoding", (*model.encoder)(tokens).value());
  one.check("logits", model(tokens).value());
  optim::Adam adam(model);
  adam.add_hook(optim::WeightDecay{1e-4});
  for (int step = 1; step <= 3; ++step) {
    const auto k = std::to_string(step);
    adam.zero_grad();
    const auto loss = ops::softmax_cross_entropy(model(tokens), targets);
    if (step == 1) one.check("loss", loss.value());
    one.check("loss" + k, loss.value());
    loss.backward();
    if (step == 1) lstmlib::test::check_parameters<T>(model, one, "grad_p/", true);
    adam.step();
    lstmlib::test::check_parameters<T>(model, one, "p" + k + "/", false);
  }
}

}  // namespace

TEST_CASE("classifiers: rnn, cnn and bow follow the reference through three updates") {
  if (!lstmlib::test::kit_has("compat/gradients")) return;
  const int count = lstmlib::test::for_each_reference(
      lstmlib::test::kit() / "compat/gradients", "classifier",
      []<Real T>(const ReferenceCase& one, T) { check_classifier<T>(one); });
  CHECK(count == 12);
}

TEST_CASE("classifiers: gradients of every parameter match finite differences, dropout included") {
  for (const auto type : {sentiment::ModelType::rnn, sentiment::ModelType::cnn, sentiment::ModelType::bow}) {
    set_seed(4);
    sentiment::ModelSettings settings;
    settings.type = type;
    settings.units = 4;
    settings.layers = 2;
    sentiment::Classifier<double> model(settings, 6);
    lstmlib::test::each_block(model, []<Real T>(const std::string& path, Tensor<T> value, Tensor<T>) {
      if (path.ends_with("/b")) value.assign(nn::uniform<T>(value.shape(), 0.5));  // off the corner of relu
    });
    const std::vector<std::vector<std::int32_t>> sentences{{2, 3, 0}, {0}, {1, 5, 4, 2, 0}};
    const Tokens tokens = make_tokens(sentences);
    const auto labels = Tensor<std::int32_t>::from({0, 1, 1}, {3});
    const auto loss = [&] {
      begin_step(0);  // the same masks each time
      return ops::softmax_cross_entropy(model(tokens), labels);
    };
    loss().backward();
    double worst = 0;
    lstmlib::test::each_block(
        model, [&]<Real T>(const std::string& path, Tensor<T> value, Tensor<T> gradient) {
          for (std::size_t i = 0; i < value.values().size(); ++i) {
            const T kept = value.values()[i], step = T(1e-5);
            value.mutable_values()[i] = kept + step;
            const double up = loss().item();
            value.mutable_values()[i] = kept - step;
            const double down = loss().item();
            value.mutable_values()[i] = kept;
            const double numeric = (up - down) / (2 * static_cast<double>(step));
            const double difference = std::abs(numeric - static_cast<double>(gradient.values()[i]));
            if (difference > 1e-8)
              FAIL_CHECK(path, " element ", i, ": ", gradient.values()[i], ", by differences ", numeric);
            worst = std::max(worst, difference);
          }
        });
    CHECK(worst < 1e-8);
  }
}

TEST_CASE("classifiers: a sentence's scores do not depend on its companions") {
  for (const auto type : {sentiment::ModelType::rnn, sentiment::ModelType::cnn, sentiment::ModelType::bow}) {
    set_seed(4);
    sentiment::ModelSettings settings;
    settings.type = type;
    settings.units = 12;
    const sentiment::Classifier<float> model(settings, 30);
    const Inference scope;
    const std::vector<std::vector<std::int32_t>> many{{2, 3, 0}, {7, 9, 11, 13, 15, 17, 0}, {0}},
        one{{2, 3, 0}};
    const auto together = model(make_tokens(many)).value(), alone = model(make_tokens(one)).value();
    for (std::size_t c = 0; c < 2; ++c) CHECK(std::abs(together.values()[c] - alone.values()[c]) < 1e-5f);
  }
}
