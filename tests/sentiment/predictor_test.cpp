// SPDX-License-Identifier: MIT
// The predictor against the layers it is made of.
#include "sentiment/model/device.hpp"
#include "sentiment/model/predict.hpp"
#include "support.hpp"

#include <cmath>
#include <random>
#include <thread>

using namespace lstmlib;
using namespace sentiment;

namespace {

constexpr Index word_count = 30;

TrainedModel small_model(ModelType type, Index layers = 2, std::uint64_t seed = 9) {
  set_seed(seed);
  ModelSettings settings;
  settings.classes = 3;
  settings.type = type;
  settings.units = 21;
  settings.layers = layers;
  std::vector<Vocabulary::Entry> words{{"<eos>", 0}, {"<unk>", 1}};
  for (std::int32_t id = 2; id < word_count; ++id) words.emplace_back("w" + std::to_string(id), id);
  return {settings, Vocabulary(words), Classifier<float>(settings, word_count)};
}

struct Corpus {
  std::vector<std::vector<std::int32_t>> sentences;
  std::vector<std::span<const std::int32_t>> views;

  explicit Corpus(std::size_t count, unsigned seed = 1) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      auto& sentence = sentences.emplace_back(random() % 12);
      for (auto& id : sentence) id = static_cast<std::int32_t>(random() % word_count);
      sentence.push_back(0);
    }
    views.assign(sentences.begin(), sentences.end());
  }
};

std::vector<float> probabilities(const Predictor& predictor,
                                 std::span<const std::span<const std::int32_t>> sentences) {
  std::vector<float> p(sentences.size() * static_cast<std::size_t>(predictor.settings().classes));
  predictor.probabilities(sentences, p);
  return p;
}

/// By the layers, sentence by sentence.
std::vector<float> layer_probabilities(const TrainedModel& model, const Corpus& corpus) {
  const Inference scope;
  std::vector<float> p;
  for (const auto& sentence : corpus.sentences) {
    const std::vector<std::vector<std::int32_t>> one{sentence};
    const auto row = ops::softmax(model.classifier(make_tokens(one))).value();
    const auto values = row.values();
    p.insert(p.end(), values.begin(), values.end());
  }
  return p;
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

}  // namespace

TEST_CASE(
    "predictor: probabilities are those of the layers, in the order of the sentences, whatever the batch "
    "size") {
  const Corpus corpus(100);
  for (const auto type : {ModelType::rnn, ModelType::cnn, ModelType::bow}) {
    const auto expected = layer_probabilities(small_model(type), corpus);
    for (const Index batch_size : {1, 7, 64, 1000}) {
      PredictorOptions options;
      options.batch_size = batch_size;
      CHECK(difference(probabilities(Predictor(small_model(type), options), corpus.views), expected) < 1e-5);
    }
  }
  const Predictor predictor(small_model(ModelType::rnn));
  CHECK(probabilities(predictor, {}).empty());
  CHECK(predict(predictor, std::vector<std::string>{}).empty());
}

TEST_CASE(
    "predictor: reduced precision changes probabilities a little; models without recurrent weights refuse "
    "it") {
  const Corpus corpus(100);
  const auto expected = layer_probabilities(small_model(ModelType::rnn), corpus);
  for (const auto& [precision, tolerance] : {std::pair{Precision::bf16, 2e-3}, {Precision::int8, 2e-2}})
    for (const std::size_t projection_cache_bytes : {std::size_t{0}, std::size_t{1} << 20}) {
      const auto p = probabilities(
          Predictor(small_model(ModelType::rnn), {precision, projection_cache_bytes}), corpus.views);
      CHECK(difference(p, expected) < tolerance);
      CHECK(difference(p, expected) > 1e-7);  // else it is not what was asked for
    }
  CHECK_THROWS_WITH_AS(Predictor(small_model(ModelType::cnn), {Precision::int8}),
                       "precision int8: a model of type cnn has no recurrent weights, expected fp32", Error);
}

TEST_CASE("predictor: one is shared by threads") {
  const Predictor predictor(small_model(ModelType::rnn));
  const Corpus corpus(50);
  const auto alone = probabilities(predictor, corpus.views);
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (auto& p : found)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) p = probabilities(predictor, corpus.views);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& p : found) CHECK(difference(p, alone) < 1e-6);
}

TEST_CASE("predictor: bad sentences are refused") {
  const Predictor predictor(small_model(ModelType::rnn));
  const std::vector<std::int32_t> good{2, 0}, empty, unknown{2, word_count}, negative{-1, 0};
  std::vector<float> p(6);
  const auto refused = [&](const std::vector<std::int32_t>& bad, const char* why) {
    const std::vector<std::span<const std::int32_t>> sentences{good, bad};
    CHECK_THROWS_WITH_AS(predictor.probabilities(sentences, p), why, ShapeError);
  };
  refused(empty, "scores: sentence 1 has no words");
  refused(unknown, "scores: sentence 1 has word 30, expected 0 to 29");
  refused(negative, "scores: sentence 1 has word -1, expected 0 to 29");
  const std::vector<std::span<const std::int32_t>> one{good};
  CHECK_THROWS_WITH_AS(predictor.probabilities(one, p), "scores: room for 6 numbers, expected 1 times 3",
                       ShapeError);
}

TEST_CASE("precision: names are parsed, others refused") {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8})
    CHECK(parse_precision(name_of(precision)) == precision);
  CHECK_THROWS_WITH_AS(parse_precision("tf32"),
                       "precision is \"tf32\", expected fp32, bf16, int8, fp16 or fp32_strict", Error);
}

TEST_CASE("devices: those that there are, and what to do where there is none") {
  CHECK(find_device("cpu").is_cpu());
  const bool has_gpu = !find_device("auto").is_cpu();
  const auto message_of = [](const char* name) -> std::string {
    try {
      find_device(name);
      return "";
    } catch (const DeviceError& error) { return error.what(); }
  };
  if (!has_gpu) {
    CHECK(message_of("cuda").find("use --device cpu") != std::string::npos);
    CHECK(message_of("cuda:1").find("use --device cpu") != std::string::npos);
  }
  CHECK(message_of("gpu") == "--device gpu: expected auto (a GPU if there is one), cpu, cuda, cuda:N");
}
