// SPDX-License-Identifier: MIT
// lstmlib's side of the comparison on a GPU. Plain C++: the CUDA part is linked.
//   lstmlib_side PART --sizes FILE [--budget SECONDS] [--limit SECONDS]
// Variants are named PRECISION, LAUNCH. Launches: eager, each kernel as it is asked for; graph, a whole call
// (layer or training step) as one piece. Sequences are never padded.
#include "../cpu/model.hpp"
#include "host_memory.hpp"
#include "sizes.hpp"

#include <lstmlib/cuda.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string_view>

namespace {

using namespace lstmlib;

struct Options {
  std::string part, sizes;
  double budget = 0.05, limit = 60;  // seconds of a measurement; of preparing
};

/// A bare layer, forward and with the gradients of inputs and parameters.
class LayerCase {
 public:
  LayerCase(const sizes::Layer& layer, Precision precision, Device device)
      : model_({.input_size = layer.inputs,
                .hidden_size = layer.hidden,
                .layers = layer.kind == "deep" ? 2 : 1,
                .bidirectional = layer.kind == "both",
                .precision = precision}) {
    model_.to(device);
    const auto lengths = layer.lengths();
    const auto layout =
        std::make_shared<const SequenceLayout>(std::vector<Index>(lengths.begin(), lengths.end()));
    std::vector<float> numbers(static_cast<std::size_t>(layout->rows() * layer.inputs));
    workload::Random random;
    for (float& number : numbers) number = static_cast<float>(2 * random.uniform() - 1);
    input_ = {Tensor<float>::from(numbers, {layout->rows(), layer.inputs}, device), layout};
  }

  void forward() const {
    const Inference scope;
    [[maybe_unused]] const auto output = model_(input_.with(Variable<float>(input_.values)));
  }
  void forward_backward() {
    gradients_.zero_grad();
    const Variable<float> x(input_.values, true);
    ops::sum(model_(input_.with(x)).hidden.values).backward();
  }

 private:
  nn::Lstm<float> model_;
  optim::Sgd gradients_{model_};  // holds the gradients; makes no step
  Ragged<Tensor<float>> input_;
};

/// Steps of training over some batches, in turn; all data is on the device beforehand.
class TrainCase {
 public:
  TrainCase(const sizes::Train& train, Precision precision, Device device)
      : training_(train.words, train.units, precision, device) {
    workload::Random random;
    for (std::int32_t i = 0; i < train.batches; ++i) {
      const auto sentences = sizes::sentences(train.batch, train.words, random);
      std::vector<const workload::Sentence*> members;
      for (const auto& sentence : sentences) members.push_back(&sentence);
      batches_.push_back(side::make_batch(members, device));
    }
  }

  /// `step(work)` does what one step is.
  void epoch(const std::function<void(FunctionRef<void()>)>& step) {
    for (const auto& batch : batches_) step([&] { training_.step(batch); });
  }

 private:
  side::Training training_;
  std::vector<side::Batch> batches_;
};

/// What is measured in each round.
class Rows {
 public:
  Rows(Device device, const Options& options)
      : device_(device),
        budget_(options.budget),
        end_(std::chrono::steady_clock::now() + std::chrono::duration<double>(options.limit)) {}

  /// `work` does `count` of what is measured; `alone`: single calls, too.
  void add(const std::string& name, const std::string& variant, std::function<void()> work, int count = 1,
           bool alone = false) {
    if (std::chrono::steady_clock::now() > end_) {
      std::cerr << "left out, no time: " << name << ", " << variant << '\n';
      return;
    }
    try {
      for (int i = 0; i < 3; ++i) work();
      wait();
    } catch (const Error& error) {
      std::cerr << "left out: " << name << ", " << variant << ": " << error.what() << '\n';
      return;
    }
    rows_.push_back({name, variant, std::move(work), count, alone});
  }
  void measure() const {
    for (const Row& row : rows_) {
      const auto waiting = [this] { wait(); };
      side::report(
          {row.name, row.variant, 1, sizes::microseconds(row.work, waiting, budget_) / row.count, "us"});
      if (row.alone)
        side::report(
            {"alone/" + row.name, row.variant, 1, sizes::latency(row.work, waiting, 15) / row.count, "us"});
    }
  }
  void run_as_graph(FunctionRef<void()> work) const {
    device_.backend().run_as_graph(device_.number(), work);
  }

 private:
  struct Row {
    std::string name, variant;
    std::function<void()> work;
    int count;
    bool alone;
  };
  void wait() const { device_.backend().synchronise(device_.number()); }

  Device device_;
  double budget_;
  std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<double>> end_;
  std::vector<Row> rows_;
};

constexpr Precision precisions[] = {Precision::fp32, Precision::fp32_strict, Precision::fp16,
                                    Precision::bf16};

void add_layer(Rows& rows, const sizes::Layer& layer, Precision precision, Device device) {
  const auto one = std::make_shared<LayerCase>(layer, precision, device);
  const auto kind = std::string(name_of(precision));
  const bool alone = layer.batch == 1;
  rows.add(
      "forward/" + layer.name(), kind + ", eager", [one] { one->forward(); }, 1, alone);
  rows.add(
      "forward/" + layer.name(), kind + ", graph",
      [one, &rows] { rows.run_as_graph([&] { one->forward(); }); }, 1, alone);
  rows.add("forward+backward/" + layer.name(), kind + ", eager", [one] { one->forward_backward(); });
  rows.add("forward+backward/" + layer.name(), kind + ", graph",
           [one, &rows] { rows.run_as_graph([&] { one->forward_backward(); }); });
}

void add_training(Rows& rows, const sizes::Train& train, Precision precision, Device device) {
  const auto one = std::make_shared<TrainCase>(train, precision, device);
  const auto kind = std::string(name_of(precision));
  rows.add(
      train.name(), kind + ", eager", [one] { one->epoch([](FunctionRef<void()> step) { step(); }); },
      train.batches);
  rows.add(
      train.name(), kind + ", graph",
      [one, &rows] { one->epoch([&](FunctionRef<void()> step) { rows.run_as_graph(step); }); },
      train.batches);
}

Options parse(int count, char** words) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--sizes" && has_value) o.sizes = words[++i];
    else if (word == "--budget" && has_value) o.budget = std::stod(words[++i]);
    else if (word == "--limit" && has_value) o.limit = std::stod(words[++i]);
    else o.part = word;
  }
  return o;
}

int run(const Options& o) {
  if (!cuda::install()) throw std::runtime_error("no GPU: " + cuda::description());
  const Device device = Device::parse("cuda");
  set_seed(1);
  side::say_version("lstmlib, " + cuda::description());
  Rows rows(device, o);
  for (const auto& line : sizes::read(o.sizes, o.part))
    for (const Precision precision : precisions) {
      const auto& n = line.numbers;
      if (line.kind == "train") add_training(rows, {n[0], n[1], n[2], n[3]}, precision, device);
      else add_layer(rows, {line.kind, n[0], n[1], n[2], n[3]}, precision, device);
    }
  return side::serve_rounds([&] { rows.measure(); });
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(parse(count, words));
  } catch (const std::exception& error) {
    std::cerr << "lstmlib_side: " << error.what() << '\n';
    return 1;
  }
}
