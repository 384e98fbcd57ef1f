// SPDX-License-Identifier: MIT
// The program's parts on a GPU, or on what stands for one: trained there, a model is as good as one of the
// CPU.
#include "lstmlib/cuda.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/prepare.hpp"
#include "sentiment/model/device.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/training/train.hpp"

#include "support.hpp"

#include <nlohmann/json.hpp>

using namespace lstmlib;
using namespace sentiment;
namespace fs = std::filesystem;

namespace {

fs::path prepared() {
  const fs::path folder = lstmlib::test::scratch("cuda_program_data");
  std::string text;
  for (std::size_t i = 0; i < 10; ++i)
    text += "1 a warm and funny film" + std::string(i % 3, '!') + "\n0 a dull film" +
            std::string(i % 4, '?') + "\n";
  write_text(folder / "raw", text);
  PrepareOptions options;
  options.train = options.test = folder / "raw";
  options.out = folder / "data";
  prepare(options);
  return folder / "data";
}

/// Trains in `folder`; the entries of the log.
nlohmann::json train(const fs::path& data, const fs::path& folder, ModelType type, const std::string& device,
                     Precision precision = Precision::fp32) {
  TrainOptions options;
  options.train = data / "train";
  options.test = data / "test";
  options.vocab = data / "vocab";
  options.model_dir = folder / "model";
  options.output_data_dir = folder / "output";
  options.epochs = 2;
  options.batch_size = 8;
  options.model.type = type;
  options.model.units = 9;
  options.precision = precision;
  options.seed = 3;
  options.device = device;
  options.quiet = true;
  train_model(options);
  return nlohmann::json::parse(read_text(folder / "output/log"));
}

}  // namespace

TEST_CASE("program: training on a GPU has the losses of the CPU, and its model answers on both") {
  REQUIRE(cuda::install());
  const fs::path data = prepared();
  for (const auto type : {ModelType::rnn, ModelType::cnn, ModelType::bow}) {
    CAPTURE(static_cast<int>(type));
    const fs::path folder = lstmlib::test::scratch("cuda_program");
    const auto here = train(data, folder / "cpu", type, "cpu"),
               there = train(data, folder / "gpu", type, "cuda:0");
    REQUIRE(there.size() == here.size());
    for (std::size_t i = 0; i < here.size(); ++i)
      for (const char* key :
           {"main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy"})
        CHECK(there[i].at(key).get<double>() == doctest::Approx(here[i].at(key).get<double>()).epsilon(2e-5));

    const PreparedData sentences = read_prepared(data / "test/test.npz");
    const Predictor on_cpu(load_model_folder(folder / "gpu/model")),
        on_gpu(load_model_folder(folder / "gpu/model"), {.batch_size = 7, .device = "cuda"});
    const Evaluation expected = evaluate(on_cpu, sentences), found = evaluate(on_gpu, sentences);
    CHECK(found.correct == expected.correct);
    CHECK(found.confusion == expected.confusion);
    CHECK(found.loss == doctest::Approx(expected.loss).epsilon(2e-5));
    const std::vector<std::string> text{"a warm film", "dull"};
    const auto mine = predict(on_gpu, text), theirs = predict(on_cpu, text);
    for (std::size_t i = 0; i < text.size(); ++i)
      CHECK(mine[i].score == doctest::Approx(theirs[i].score).epsilon(2e-5));
  }
}

TEST_CASE("program: precisions of a GPU, and devices that there are not") {
  REQUIRE(cuda::install());
  const fs::path data = prepared(), folder = lstmlib::test::scratch("cuda_program_precision");
  const auto loss = [&](Precision precision, const char* device) {
    return train(data, folder / name_of(precision) / device, ModelType::rnn, device, precision)
        .back()
        .at("main/loss")
        .get<double>();
  };
  const double expected = loss(Precision::fp32, "cpu");
  CHECK(loss(Precision::fp16, "cpu") == expected);  // a CPU has nothing coarser to offer
  CHECK(loss(Precision::fp32_strict, "auto") == doctest::Approx(expected).epsilon(2e-5));
  CHECK(loss(Precision::fp16, "cuda") == doctest::Approx(expected).epsilon(2e-3));
  CHECK_THROWS_AS(Predictor(load_model_folder(folder / "fp32/cpu/model"),
                            {.precision = Precision::int8, .device = "cuda"}),
                  Error);
  CHECK(find_device("auto") == find_device("cuda"));
  CHECK_THROWS_WITH_AS(find_device("cuda:7"), "no device \"cuda:7\": cuda has 1", DeviceError);
  CHECK_THROWS_AS(find_device("gpu"), DeviceError);
}
