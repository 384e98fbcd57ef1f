// SPDX-License-Identifier: MIT
// Training of small classifiers on a GPU: as on the CPU, the same bits each time, and from one to the other.
#include "lstmlib/backend/cuda/backend.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train/evaluator.hpp"
#include "lstmlib/train/trainer.hpp"
#include "sentiment/model/classifier.hpp"

#include "backends.hpp"

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

using namespace lstmlib;
using sentiment::Classifier, sentiment::ModelSettings, sentiment::ModelType;

namespace {

constexpr Index words = 40;

/// Sentences whose class is whether they have more words of the lower half.
data::LabelledSequences made_up(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::int32_t>> sentences;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < count; ++i) {
    auto& sentence = sentences.emplace_back(1 + random() % 9);
    std::size_t low = 0;
    for (auto& word : sentence) {
      word = static_cast<std::int32_t>(random() % words);
      low += word < words / 2;
    }
    labels.push_back(2 * low > sentence.size());
  }
  return {std::move(sentences), std::move(labels)};
}

struct Run {
  struct Objective {
    const Classifier<float>* classifier;
    Variable<float> operator()(const data::LabelledTokens& batch, train::Observation& seen) const {
      const auto scores = (*classifier)(batch.tokens);
      seen.defer([correct = ops::count_correct(scores, batch.labels)](train::Observation& resolved) {
        resolved["accuracy"] = correct.share();
      });
      return ops::softmax_cross_entropy(scores, batch.labels);
    }
  };

  Run(ModelType type, Device where, Precision precision = Precision::fp32)
      : training(made_up(50, 4)),
        testing(made_up(20, 5)),
        classifier(settings(type), words, precision),
        device(where),
        adam(placed()),
        batches(training, {.batch_size = 8, .seed = 7, .device = where}),
        test_batches(testing, {.batch_size = 8, .shuffle = false, .repeat = false, .device = where}),
        updater(batches, classifier, adam, objective),
        trainer(updater, {.stop = train::iterations(1000), .folder = LSTMLIB_TEST_SCRATCH_DIR}) {
    adam.add_hook(optim::WeightDecay{1e-4});
    adam.add_hook(optim::ClipGradNorm{1});
  }

  static ModelSettings settings(ModelType type) {
    ModelSettings made;
    made.type = type;
    made.layers = 2;
    made.units = 15;
    return made;
  }
  Classifier<float>& placed() {
    classifier.to(device);
    return classifier;
  }
  std::vector<double> losses(int steps) {
    std::vector<double> all;
    for (int i = 0; i < steps; ++i) {
      const auto seen = updater.update();
      all.push_back(*seen.find("main/loss"));
      all.push_back(*seen.find("main/accuracy"));
    }
    return all;
  }
  train::Observation evaluate() {
    return train::Evaluator<decltype(test_batches), const Objective>(test_batches, objective, "test")
        .evaluate();
  }

  data::LabelledSequences training, testing;
  Classifier<float> classifier;
  Device device;
  optim::Adam adam;
  data::SerialIterator<data::LabelledSequences> batches, test_batches;
  const Objective objective{&classifier};
  train::StandardUpdater<decltype(batches), const Objective> updater;
  train::Trainer trainer;
};

std::unique_ptr<Run> make_run(ModelType type, Device device, std::uint64_t seed = 11,
                              Precision precision = Precision::fp32) {
  set_seed(seed);
  return std::make_unique<Run>(type, device, precision);
}
enum class Where { cpu, gpu };
std::unique_ptr<Run> make_run(ModelType type, Where kind, std::uint64_t seed = 11,
                              Precision precision = Precision::fp32) {
  return make_run(type, kind == Where::gpu ? test::gpu() : Device::cpu(), seed, precision);
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return INFINITY;
    worst = std::max(worst, std::fabs(a[i] - b[i]) / std::max(1.0, std::fabs(b[i])));
  }
  return worst;
}

constexpr ModelType types[] = {ModelType::rnn, ModelType::cnn, ModelType::bow};
// Losses are float32, and Adam's first steps depend on signs of gradients, not on their size.
constexpr double tolerance = 2e-5;

}  // namespace

TEST_CASE("training on a GPU: losses and accuracies are those of the CPU") {
  for (const auto type : types) {
    CAPTURE(static_cast<int>(type));
    const auto here = make_run(type, Where::cpu);
    const auto expected = here->losses(20);
    const auto there = make_run(type, Where::gpu);
    CHECK(difference(there->losses(20), expected) < tolerance);
    // It learns something; else nothing would be compared.
    CHECK(std::set<double>(expected.begin(), expected.end()).size() > expected.size() / 2);
    const auto mine = there->evaluate(), theirs = here->evaluate();
    CHECK(*mine.find("loss") == doctest::Approx(*theirs.find("loss")).epsilon(tolerance));
    CHECK(*mine.find("accuracy") == *theirs.find("accuracy"));
  }
}

TEST_CASE("training on a GPU: with operands of fewer bits, losses are near those of the CPU") {
  const auto expected = make_run(ModelType::rnn, Where::cpu)->losses(10);
  CHECK(difference(make_run(ModelType::rnn, Where::gpu, 11, Precision::fp32_strict)->losses(10), expected) <
        tolerance);
  // Relative errors of 2^-12 and 2^-9 an operand.
  CHECK(difference(make_run(ModelType::rnn, Where::gpu, 11, Precision::fp16)->losses(10), expected) < 2e-3);
  CHECK(difference(make_run(ModelType::rnn, Where::gpu, 11, Precision::bf16)->losses(10), expected) < 2e-2);
}

TEST_CASE("training on a GPU: the same seed gives the same bits") {
  for (const auto type : types) {
    CAPTURE(static_cast<int>(type));
    const auto one = make_run(type, Where::gpu), other = make_run(type, Where::gpu, 12),
               same = make_run(type, Where::gpu);
    (void)other;
    set_seed(11);
    const auto a = one->losses(12);
    set_seed(11);
    const auto b = same->losses(12);
    CHECK(a == b);
    CHECK(io::to_archive(one->classifier).at("output/W") == io::to_archive(same->classifier).at("output/W"));
  }
}

TEST_CASE("training on a GPU: a step as one graph has the bits of a step kernel by kernel") {
  setenv("LSTMLIB_CUDA_GRAPHS", "off", 1);
  static cuda::CudaBackend piece_by_piece(1);
  (void)piece_by_piece.context(0);
  unsetenv("LSTMLIB_CUDA_GRAPHS");
  for (const auto type : types) {
    CAPTURE(static_cast<int>(type));
    const auto expected = make_run(type, Device(piece_by_piece, 0))->losses(12);
    CHECK(make_run(type, Where::gpu)->losses(12) == expected);
  }
  CHECK(piece_by_piece.context(0).graphs.ready().made() == 0);
}

TEST_CASE("training on a GPU: a snapshot is gone on from on the other kind of device") {
  for (const auto type : types)
    for (const bool to_gpu : {true, false}) {
      CAPTURE(static_cast<int>(type));
      CAPTURE(to_gpu);
      const auto straight = make_run(type, Where::cpu);
      const auto all = straight->losses(12);
      const auto first = make_run(type, to_gpu ? Where::cpu : Where::gpu);
      first->losses(6);
      const auto snapshot = io::to_archive(first->trainer);
      const auto second = make_run(type, to_gpu ? Where::gpu : Where::cpu, 99);
      io::from_archive(snapshot, second->trainer);
      const std::vector<double> rest(all.begin() + 12, all.end());
      CHECK(difference(second->losses(6), rest) < tolerance);
    }
}
