// SPDX-License-Identifier: MIT
// Objectives in all forms, of models that are not classifiers; mixed losses; several batches an update;
// schedules and averages in a run. Resumed runs end with the same bits.
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train.hpp"
#include "support.hpp"

#include <cmath>

namespace lstmlib::test {
namespace {

struct Regression final : nn::Module {
  nn::Linear<double> layer{{.input_size = 2, .output_size = 1}};
  Variable<double> operator()(const Variable<double>& x) const { return layer(x); }
  void visit_members(nn::MemberVisitor& visit) override { visit("layer", layer); }
};
/// y = 2 a - b + 0.5, of points on a spiral.
struct Points {
  struct Batch {
    Variable<double> x, y;
  };
  Index count = 24;
  Index size() const { return count; }
  Batch batch(std::span<const Index> rows, Device) const {
    std::vector<double> x, y;
    for (const Index row : rows) {
      const double t = static_cast<double>(row) / 4;
      x.push_back(std::sin(t) + 0.1 * t);
      x.push_back(std::cos(t));
      y.push_back(2 * x[x.size() - 2] - x.back() + 0.5);
    }
    const Index n = std::ssize(y);
    return {Variable<double>(Tensor<double>::from(x, {n, 2})),
            Variable<double>(Tensor<double>::from(y, {n, 1}))};
  }
};
Variable<double> squared_error(const Regression& model, const Points::Batch& batch) {
  const auto error = model(batch.x) - batch.y;
  return ops::mean(error * error);
}
using Batches = data::SerialIterator<Points>;
const Points& points() {
  static const Points all;
  return all;
}
Regression first_model() {
  Regression model;
  model.layer.weight.mutable_value().assign(Tensor<double>::from({0.3, -0.2}, {1, 2}));
  return model;
}
std::vector<double> weights_of(const Regression& model) {
  const auto w = model.layer.weight.value().values();
  return {w[0], w[1], model.layer.bias.item()};
}
/// Weights after 5 updates by an objective.
template <class Objective>
std::vector<double> train_by(Objective&& objective, train::UpdaterOptions options = {},
                             Index batch_size = 6) {
  Regression model = first_model();
  optim::Adam adam(model, {.learning_rate = 0.1});
  adam.add_hook(optim::ClipGradNorm{1});
  Batches batches(points(), {.batch_size = batch_size, .seed = 3});
  train::StandardUpdater updater(batches, model, adam, std::forward<Objective>(objective), options);
  for (int i = 0; i < 5; ++i) updater.update();
  return weights_of(model);
}

}  // namespace

TEST_CASE("an objective takes model, batch and observation, as it likes, as a variable or not") {
  const auto expected =
      train_by([](Regression& model, const Points::Batch& batch) { return squared_error(model, batch); });
  CHECK(expected[0] != 0.3);
  CHECK(train_by([](auto& model, const auto& batch) { return squared_error(model, batch); }) == expected);
  CHECK(train_by(squared_error) == expected);
  const auto reports = [](auto& model, const auto& batch, train::Observation& seen) {
    seen["extra"] = 7;
    return squared_error(model, batch);
  };
  CHECK(train_by(reports) == expected);

  Regression model = first_model();
  optim::Sgd sgd(model);
  Batches batches(points(), {.batch_size = 6}),
      checks(points(), {.batch_size = 5, .shuffle = false, .repeat = false});
  auto of_batch = [&](const Points::Batch& batch) { return squared_error(model, batch); };
  auto of_both = [&](const Points::Batch& batch, train::Observation& seen) {
    seen["extra"] = 7;
    return squared_error(model, batch);
  };
  train::StandardUpdater a(batches, model, sgd, of_batch);
  train::StandardUpdater b(batches, model, sgd, of_both);
  train::StandardUpdater c(batches, model, sgd, reports);
  CHECK(a.update().find("main/loss"));
  CHECK(b.update().find("main/extra") == 7);
  CHECK(c.update().find("main/extra") == 7);

  train::Trainer trainer(a, {train::iterations(2), scratch("objective_forms")});
  trainer.extend(train::evaluator(checks, of_batch), train::iterations(1));
  trainer.extend(train::evaluator(checks, of_both), train::iterations(1));
  trainer.extend(train::evaluator(checks, model, reports), train::iterations(1));
  trainer.extend(
      train::evaluator(checks, model, [](auto& m, const auto& batch) { return squared_error(m, batch); }),
      train::iterations(1));
  trainer.extend(train::evaluator(
                     checks, [&](const auto& batch) { return squared_error(model, batch); }, "test"),
                 train::iterations(1));
  trainer.run();
  const auto& seen = trainer.observation();
  CHECK(seen.find("validation/main/loss"));
  for (const char* name : {"validation_1", "validation_2", "validation_3", "test"})
    CHECK(seen.find(std::string(name) + "/main/loss") == seen.find("validation/main/loss"));
  CHECK(seen.find("validation_1/main/extra").value_or(0) == 7);
  CHECK(seen.find("validation_2/main/extra").value_or(0) == 7);
}

TEST_CASE("gradients of several batches make the update of one batch with their examples") {
  const auto whole = train_by(squared_error), halves = train_by(squared_error, {.accumulate = 2}, 3),
             singles = train_by(squared_error, {.accumulate = 6}, 1);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(halves[i] == doctest::Approx(whole[i]).epsilon(1e-12));
    CHECK(singles[i] == doctest::Approx(whole[i]).epsilon(1e-12));
  }
  CHECK(train_by(squared_error, {}, 3) != halves);
  CHECK_THROWS_AS(train_by(squared_error, {.accumulate = 0}), ValueError);
}

TEST_CASE("sums of losses are divided by what was counted, however batches differ in it") {
  // Points with a positive first input alone are counted.
  const auto counted = [](const Regression& model, const Points::Batch& batch) {
    auto mask = Tensor<double>::zeros(batch.y.shape());
    Index count = 0;
    for (Index i = 0; i < mask.size(); ++i)
      if (batch.x.value().values()[static_cast<std::size_t>(2 * i)] > 0.5)
        mask.mutable_values()[static_cast<std::size_t>(i)] = 1, ++count;
    const auto error = (model(batch.x) - batch.y) * Variable<double>(mask);
    return train::SummedLoss{ops::sum(error * error), count};
  };
  const auto whole = train_by(counted), singles = train_by(counted, {.accumulate = 6}, 1);
  for (std::size_t i = 0; i < whole.size(); ++i)
    CHECK(singles[i] == doctest::Approx(whole[i]).epsilon(1e-12));
  CHECK(whole != train_by(squared_error));
  // An evaluation weighs every counted point equally.
  Regression model = first_model();
  const auto evaluate = [&](Index size) {
    Batches checks(points(), {.batch_size = size, .shuffle = false, .repeat = false});
    return *train::Evaluator<Batches, const decltype(counted), Regression>(checks, model, counted, "test")
                .evaluate()
                .find("loss");
  };
  CHECK(evaluate(5) == doctest::Approx(evaluate(24)).epsilon(1e-12));
  const auto nothing = [](const Regression& m, const Points::Batch& batch) {
    return train::SummedLoss{squared_error(m, batch), 0};
  };
  CHECK_THROWS_WITH_AS(train_by(nothing), "updater: the objective counted nothing", ValueError);
  const auto negative = [](const Regression& m, const Points::Batch& batch) {
    return train::SummedLoss{squared_error(m, batch), -1};
  };
  CHECK_THROWS_AS(train_by(negative), ValueError);
}

TEST_CASE("an update of several batches reports means, and epochs end when they do") {
  Regression model = first_model();
  optim::Sgd sgd(model, {.learning_rate = 0});
  Batches batches(points(), {.batch_size = 2, .shuffle = false});  // 12 an epoch
  Index calls = 0;
  const auto objective = [&](const Regression& m, const Points::Batch& batch, train::Observation& seen) {
    seen["call"] = static_cast<double>(++calls);
    seen.set("weighted", static_cast<double>(calls), calls);
    return squared_error(m, batch);
  };
  train::StandardUpdater updater(batches, model, sgd, objective, {.accumulate = 5});
  train::Trainer trainer(updater, {train::epochs(3), scratch("objective_accumulate")});
  std::vector<Index> ends;
  trainer.extend([&](train::Trainer& t) { ends.push_back(t.iteration()); }, train::epochs(1));
  const auto first = updater.update();
  CHECK(first.find("main/call") == 3);
  CHECK(first.find("main/weighted") == doctest::Approx((1. + 4 + 9 + 16 + 25) / 15));
  CHECK(updater.previous_epoch_detail() == 0);
  updater.update();
  CHECK(updater.previous_epoch_detail() == doctest::Approx(5. / 12));
  trainer.run();
  CHECK(ends == std::vector<Index>{3, 5, 8});  // after 15, 25 and 40 batches
}

TEST_CASE("weighted_sum adds losses by their weights, and reports each") {
  Regression model = first_model();
  train::Observation seen;
  const auto batch = points().batch(std::array<Index, 3>{0, 5, 9}, {});
  const auto a = squared_error(model, batch), b = ops::mean(model(batch.x));
  const auto both = train::weighted_sum<double>(seen, {{"error", a}, {"output", b, -0.5}});
  CHECK(both.item() == doctest::Approx(a.item() - 0.5 * b.item()).epsilon(1e-14));
  seen.resolve();
  CHECK(seen.find("error") == a.item());
  CHECK(seen.find("output") == b.item());
  CHECK(seen.begin()->key == "error");
  CHECK(check_gradient(
            [](auto in) {
              train::Observation none;
              return train::weighted_sum<double>(none, {{"a", ops::sum(ops::tanh(in[0])), 2},
                                                        {"b", ops::sum(in[0] * in[1]), 0.3},
                                                        {"c", ops::sum(in[1])}});
            },
            {nn::normal<double>({3}, 1), nn::normal<double>({3}, 1)}) < 1e-6);
  const auto add = [&](std::vector<train::WeightedLoss<double>> parts) {
    (void)train::weighted_sum<double>(seen, parts);
  };
  CHECK_THROWS_AS(add({}), ValueError);
  CHECK_THROWS_AS(add({{"a", a, NAN}}), ValueError);
  CHECK_THROWS_WITH_AS(add({{"a", a}, {"b", model(batch.x)}}), "weighted_sum: b is [3, 1], expected a scalar",
                       ShapeError);
  CHECK_THROWS_AS(add({{"a", Variable<double>()}}), ShapeError);
}

namespace {
/// A run with everything that has state of its own.
struct FullRun {
  explicit FullRun(const std::filesystem::path& folder) : trainer(updater, {train::epochs(6), folder}) {
    model.layer.bias.freeze();
    adam.add_hook(optim::ClipGradNorm{1});
    adam.add_group({.path = "layer/W", .decay_factor = 0.5});
    trainer.extend(train::schedule(adam.options.learning_rate,
                                   optim::warmup(4, optim::cosine({.rate = 0.1, .steps = 10}))));
    trainer.extend(train::weight_average(ema));
    trainer.extend(train::weight_average(swa), train::epochs(2));
    trainer.extend(train::with_average(ema, train::evaluator(checks, model, squared_error)));
    trainer.extend(train::evaluator(checks, model, squared_error, "plain"));
    trainer.extend(train::reduce_on_plateau(adam.options.weight_decay,
                                            {.factor = 0.5, .patience = 0, .threshold = 0.5}));
    trainer.extend([this](train::Trainer& t) {
      if (t.iteration() == 7) model.unfreeze("layer");
    });
    trainer.extend(train::snapshot({.file_name = "at_{iteration}"}), train::iterations(1));
  }
  Regression model = first_model();
  optim::AdamW adam{model, {.weight_decay = 0.2}};
  optim::Ema ema{model, {.decay = 0.7}};
  optim::Swa swa{model};
  Batches batches{points(), {.batch_size = 5, .seed = 8}},
      checks{points(), {.batch_size = 9, .shuffle = false, .repeat = false}};
  train::StandardUpdater<Batches, decltype(squared_error), Regression> updater{
      batches, model, adam, squared_error, {.accumulate = 2}};
  train::Trainer trainer;
};
}  // namespace

TEST_CASE("a run with groups, frozen parameters, schedules, averages and accumulation goes on bit by bit") {
  const auto folder = scratch("objective_straight"), other = scratch("objective_resumed");
  FullRun straight(folder);
  straight.trainer.run();
  const Index last = straight.trainer.iteration();
  CHECK(last == 15);  // six times 24 points in 2 batches of 5
  const auto expected = io::to_archive(straight.trainer);
  CHECK(straight.adam.options.weight_decay < 0.2);
  CHECK(straight.swa.updates() == 3);
  CHECK(straight.trainer.observation().find("validation/main/loss") !=
        straight.trainer.observation().find("plain/main/loss"));
  for (Index at = 1; at < last; ++at) {
    CAPTURE(at);
    FullRun resumed(other);
    io::load_snapshot(folder / message("at_", at), resumed.trainer);
    CHECK(resumed.model.layer.bias.is_frozen() == (at < 7));
    resumed.trainer.run();
    const auto found = io::to_archive(resumed.trainer);
    CHECK(found.names() == expected.names());
    for (const auto& entry : expected) {
      CAPTURE(entry.name);
      if (entry.name != "_snapshot_elapsed_time") CHECK(entry.array == found.at(entry.name));
    }
  }
}

TEST_CASE("the best model by the averages is saved with the averages") {
  const auto folder = scratch("objective_best");
  FullRun run(folder);
  run.trainer.extend(train::with_average(run.ema, train::snapshot_object(run.model, "best.npz")),
                     train::iterations(1));
  run.trainer.run();
  Regression best;
  io::load_npz(folder / "best.npz", best);
  CHECK(weights_of(best) != weights_of(run.model));
  const optim::AveragedWeights scope(run.ema);
  CHECK(weights_of(best) == weights_of(run.model));
}

namespace {
/// A loop of one's own, as docs/training.md has it.
struct OwnLoop {
  Regression model = first_model();
  optim::Adam adam{model};
  optim::Ema ema{model, {.decay = 0.5}};
  optim::ReduceOnPlateau plateau{{.rate = 0.5, .factor = 0.5, .patience = 0, .threshold = 0.2}};
  Batches batches{points(), {.batch_size = 7, .seed = 2}};
  optim::Schedule schedule = optim::warmup(3, optim::cosine({.rate = 1, .steps = 4}));
  std::vector<double> run(int steps) {
    for (int i = 0; i < steps; ++i) {
      adam.options.learning_rate = schedule(adam.steps()) * plateau.rate();
      adam.zero_grad();
      const auto loss = squared_error(model, batches.next());
      loss.backward();
      adam.step();
      ema.update();
      plateau(loss.item());
    }
    const optim::AveragedWeights scope(ema);
    return weights_of(model);
  }
  void serialize(io::Serializer& serializer) {
    serializer.child("model", model);
    serializer.child("optimizer", adam);
    serializer.child("average", ema);
    serializer.child("plateau", plateau);
    serializer.child("batches", batches);
  }
};
}  // namespace

TEST_CASE("a loop of one's own with schedule, plateau and average goes on bit by bit") {
  const auto expected = OwnLoop().run(8);
  for (int at = 0; at <= 8; ++at) {
    OwnLoop first, resumed;
    first.run(at);
    io::from_archive(io::to_archive(first), resumed);
    CHECK(resumed.run(8 - at) == expected);
  }
}

TEST_CASE("reduce_on_plateau lowers a number after means that do not improve") {
  Regression model = first_model();
  optim::Sgd sgd(model, {.learning_rate = 0});  // nothing improves
  Batches batches(points(), {.batch_size = 24, .shuffle = false});
  train::StandardUpdater updater(batches, model, sgd, squared_error);
  train::Trainer trainer(updater, {train::epochs(5), scratch("objective_plateau")});
  double rate = 1;
  trainer.extend(train::reduce_on_plateau(rate, {.monitor = "main/loss", .factor = 0.5, .patience = 1}));
  std::vector<double> rates;
  trainer.extend([&](train::Trainer&) { rates.push_back(rate); });
  trainer.run();
  CHECK(rates == std::vector<double>{1, 1, 0.5, 0.5, 0.25});
  CHECK_THROWS_AS(train::reduce_on_plateau(rate, {.factor = 1}), ValueError);
}

}  // namespace lstmlib::test
