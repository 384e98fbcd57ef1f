// SPDX-License-Identifier: MIT
// One side of the comparison of processes, see benchmarks/cpu/side.hpp: training by the processes that mpirun
// started, or by one without MPI.
//   lstmlib_side steps --name NAME --batch GLOBAL --steps N [--wire bf16] [--whole-table] [--device
//   NETWORK_DEVICE] lstmlib_side overhead --batch N --steps N lstmlib_side calibrate --units N --layers N
//   --batches N,N,... --steps N each with [--threads N] [--train FILE]
#include "calibration_part.hpp"
#include "side.hpp"
#include "timed_communicator.hpp"
#include "together.hpp"
#include "training.hpp"

#include <lstmlib/lstmlib.hpp>
#include <lstmlib/mpi.hpp>
#include <lstmlib/train.hpp>

#include <exception>
#include <sstream>
#include <string_view>

namespace {

using namespace side;

struct Options {
  std::string part, name, train, device = "lo";
  Index batch = 64, units = 300, layers = 1;
  std::vector<Index> batches{8, 16, 32, 64};
  int steps = 40, threads = 1;
  lstmlib::distributed::ReducerOptions exchange;
};

std::vector<Index> numbers(const std::string& text) {
  std::istringstream list(text);
  std::vector<Index> result;
  for (std::string each; std::getline(list, each, ',');) result.push_back(std::stoi(each));
  return result;
}

Options parse(int count, char** words) {
  Options o;
  const auto value = [&](int& i) {
    if (++i >= count) throw std::runtime_error(std::string(words[i - 1]) + " needs a value");
    return std::string(words[i]);
  };
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--train") o.train = value(i);
    else if (word == "--name") o.name = value(i);
    else if (word == "--device") o.device = value(i);
    else if (word == "--batch") o.batch = std::stoi(value(i));
    else if (word == "--steps") o.steps = std::stoi(value(i));
    else if (word == "--threads") o.threads = std::stoi(value(i));
    else if (word == "--wire")
      o.exchange.compression = value(i) == "bf16" ? distributed::GradientCompression::bf16
                                                  : distributed::GradientCompression::none;
    else if (word == "--whole-table") o.exchange.rows = false;
    else if (word == "--units") o.units = std::stoi(value(i));
    else if (word == "--layers") o.layers = std::stoi(value(i));
    else if (word == "--batches") o.batches = numbers(value(i));
    else o.part = word;
  }
  return o;
}

workload::Corpus read(const Options& o) {
  if (!o.train.empty()) return workload::read_corpus(o.train, o.train);
  return {workload::made_sentences(6920, 0, 7142), {}, 7142};
}

int steps_part(const Options& o, distributed::Communicator& all, bool alone) {
  const auto corpus = read(o);
  const auto sentences = dataset(corpus.train);
  Parts parts(sentences, {.words = corpus.words, .batch = o.batch});
  TimedCommunicator timed(all);
  std::optional<Standard> standard;
  std::optional<Parallel> together;
  if (alone) standard.emplace(parts.batches, parts.model, parts.adam, parts);
  else together.emplace(timed, parts.batches, parts.model, parts.adam, parts, o.exchange);
  train::Updater& updater = alone ? static_cast<train::Updater&>(*standard) : *together;
  for (int i = 0; i < 3; ++i) updater.update();

  return serve_together(all, [&] {
    all.barrier();
    timed.take();
    double loss = 0;
    const double wire_before = sent_bytes(o.device);
    double rows = 0, dense = 0;
    const double seconds = seconds_of([&] {
      for (int i = 0; i < o.steps; ++i) {
        loss += *updater.update().find("main/loss");
        if (!together) continue;
        rows += static_cast<double>(together->traffic().row_bytes);
        dense += static_cast<double>(together->traffic().dense_bytes);
      }
    });
    const double n = o.steps;
    const auto spent = timed.take();
    all.barrier();
    // Processes of one host have the device in common.
    const double wire = mean_of_all(all, (sent_bytes(o.device) - wire_before) / all.local_size());
    const auto tell = [&](const std::string& what, double value, const std::string& unit) {
      if (all.is_main_process()) report({o.name + "/" + what, "", o.threads * all.size(), value, unit});
    };
    tell("throughput", static_cast<double>(o.batch) * n / seconds, "sentences/s");
    tell("step", seconds / n * 1e3, "ms");
    tell("loss", loss / n, "");
    if (alone) return;
    tell("gather", mean_of_all(all, spent.gather) / n * 1e3, "ms");
    tell("start", mean_of_all(all, spent.start) / n * 1e3, "ms");
    tell("wait", mean_of_all(all, spent.wait) / n * 1e3, "ms");
    tell("traffic", mean_of_all(all, rows + dense) / n * 1e-6, "MB");
    tell("wire", wire / n * 1e-6, "MB");
  });
}

int calibrate_part(const Options& o, distributed::Communicator& all) {
  const auto corpus = read(o);
  ComputeCalibration compute(corpus, {.words = corpus.words, .units = o.units, .layers = o.layers},
                             o.batches);
  return serve_together(all, [&] {
    const auto tell = [&](const char* what, double value, const char* unit) {
      if (all.is_main_process())
        report({std::string("calibrate/") + what, "", o.threads * all.size(), value, unit});
    };
    compute.measure(all, tell, o.steps);
    if (all.size() > 1) measure_network(all, tell);
  });
}

/// Three updaters in turn, step by step: what the second and third cost more than the first.
int overhead_part(const Options& o, distributed::Communicator& all) {
  const auto corpus = read(o);
  const auto sentences = dataset(corpus.train);
  distributed::SingleProcess single;
  std::vector<std::unique_ptr<Parts>> parts;
  for (int i = 0; i < 3; ++i)
    parts.push_back(std::make_unique<Parts>(sentences, Sizes{.words = corpus.words, .batch = o.batch}));
  Standard standard(parts[0]->batches, parts[0]->model, parts[0]->adam, *parts[0]);
  Parallel by_itself(single, parts[1]->batches, parts[1]->model, parts[1]->adam, *parts[1]);
  Parallel by_mpi(all, parts[2]->batches, parts[2]->model, parts[2]->adam, *parts[2]);
  const std::array<train::Updater*, 3> updaters{&standard, &by_itself, &by_mpi};
  for (int i = 0; i < 3; ++i)
    for (auto* updater : updaters) updater->update();
  std::size_t turn = 0;
  return serve_together(all, [&] {
    std::array<std::vector<double>, 3> times;
    for (int i = 0; i < o.steps; ++i, ++turn)
      for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t which = (turn + k) % 3;
        times[which].push_back(seconds_of([&] { updaters[which]->update(); }));
      }
    report({"overhead/step", "StandardUpdater", o.threads, median(times[0]) * 1e3, "ms"});
    const auto tell = [&](const char* variant, const std::vector<double>& other) {
      std::vector<double> more;
      for (std::size_t i = 0; i < other.size(); ++i) more.push_back(100 * (other[i] / times[0][i] - 1));
      report({"overhead/more", variant, o.threads, median(more), "%"});
    };
    tell("SingleProcess", times[1]);
    tell("MpiCommunicator", times[2]);
  });
}

int run(const Options& o, distributed::Communicator& all, bool alone) {
  cpu::set_threads(o.threads);
  set_seed(1);
  if (all.is_main_process())
    say_version("lstmlib with " + std::string(cpu::name_of(cpu::instruction_set())) + " kernels");
  if (o.part == "steps") return steps_part(o, all, alone);
  if (o.part == "overhead") return overhead_part(o, all);
  if (o.part == "calibrate") return calibrate_part(o, all);
  throw std::runtime_error("no part \"" + o.part + "\": steps, overhead or calibrate expected");
}

}  // namespace

int main(int count, char** words) {
  try {
    const Options o = parse(count, words);
    if (mpi::started_by_mpirun())
      return mpi::run([&](distributed::Communicator& all) { return run(o, all, false); });
    distributed::SingleProcess single;
    return run(o, single, true);
  } catch (const std::exception& error) {
    std::cerr << "lstmlib_side: " << error.what() << '\n';
    return 1;
  }
}
