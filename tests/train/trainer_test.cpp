// SPDX-License-Identifier: MIT
#include "lstmlib/train/fail_on_nan.hpp"
#include "lstmlib/train/print_report.hpp"
#include "lstmlib/train/schedule.hpp"
#include "models.hpp"

#include <csignal>
#include <limits>
#include <sstream>

namespace lstmlib::test {
namespace {

/// Updates that do nothing but count; two are an epoch. Observes "main/loss" 1, 2, ...
struct Counter final : train::Updater {
  train::Observation update() override {
    if (iteration() == breaks_at) fail<Error>("broken");
    train::Observation seen;
    seen["main/loss"] = static_cast<double>(++count);
    return seen;
  }
  Index iteration() const override { return count; }
  Index epoch() const override { return count / 2; }
  double epoch_detail() const override { return static_cast<double>(count) / 2; }
  double previous_epoch_detail() const override { return count ? static_cast<double>(count - 1) / 2 : -1; }
  void serialize(io::Serializer& serializer) override { serializer.value("iteration", count); }
  Index count = 0, breaks_at = -1;
};

/// Notes its name when it runs.
struct Noting {
  void operator()(train::Trainer& trainer) { notes->push_back(name + std::to_string(trainer.iteration())); }
  std::string name;
  int priority;
  std::vector<std::string>* notes;
};

struct WithHooks {
  void operator()(train::Trainer&) { notes->push_back("run"); }
  void initialize(train::Trainer&) { notes->push_back("initialize"); }
  void finalize() { notes->push_back("finalize"); }
  std::filesystem::path interrupted(train::Trainer&) {
    notes->push_back("interrupted");
    return "file";
  }
  train::Trigger default_trigger() const { return train::epochs(1); }
  std::vector<std::string>* notes;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("extensions run by priority, equal ones in the order in which they were added") {
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(1), scratch("trainer_order")});
  std::vector<std::string> notes;
  for (const auto& [name, priority] : std::vector<std::pair<std::string, int>>{
           {"snapshot", -200}, {"reader", 100}, {"keeper", -100}, {"writer", 300}, {"second", 100}})
    trainer.extend(Noting{name, priority, &notes});
  trainer.run();
  CHECK(notes == std::vector<std::string>{"writer1", "reader1", "second1", "keeper1", "snapshot1"});
}

TEST_CASE("names are made unique, as the reference does, and extensions learn theirs") {
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(1), scratch("trainer_names")});
  std::vector<std::string> notes;
  for (int i = 0; i < 3; ++i) trainer.extend(Noting{"a", 100, &notes});
  trainer.extend(Noting{"b", 100, &notes}, train::iterations(1), "a");
  trainer.run();
  CHECK(notes == std::vector<std::string>{"a1", "a_11", "a_21", "a_31"});
}

TEST_CASE("hooks are called around the run, finalize also after an error") {
  Counter counter;
  std::vector<std::string> notes;
  train::Trainer trainer(counter, {train::iterations(4), scratch("trainer_hooks")});
  trainer.extend(WithHooks{&notes});
  trainer.run();
  CHECK(notes == std::vector<std::string>{"initialize", "run", "run", "finalize"});
  notes.clear();
  counter.breaks_at = 4;
  train::Trainer breaks(counter, {train::iterations(9), scratch("trainer_hooks")});
  breaks.extend(WithHooks{&notes});
  CHECK_THROWS_WITH_AS(breaks.run(), "broken", Error);
  CHECK(notes == std::vector<std::string>{"initialize", "finalize"});
}

TEST_CASE("a signal that comes between runs or in one is told once, and handlers are as before afterwards") {
  Counter counter;
  std::vector<std::string> notes;
  train::Trainer trainer(counter, {train::iterations(9), scratch("trainer_signal"), true});
  trainer.extend(WithHooks{&notes}, train::never());
  trainer.extend([](train::Trainer& t) {
    if (t.iteration() == 3) std::raise(SIGTERM);
  });
  struct sigaction before = {}, after = {};
  sigaction(SIGTERM, nullptr, &before);
  const auto result = trainer.run();
  sigaction(SIGTERM, nullptr, &after);
  CHECK(result.signal == SIGTERM);
  CHECK(result.snapshot == "file");
  CHECK(counter.count == 3);
  CHECK(notes == std::vector<std::string>{"initialize", "interrupted", "finalize"});
  CHECK((before.sa_handler == after.sa_handler));
  CHECK(trainer.run().signal == 0);  // goes on
  CHECK(counter.count == 9);
}

TEST_CASE("an outer watch sees what came during a run, ignored signals stay ignored") {
  const train::SignalWatch outer;
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(9), scratch("trainer_watch"), true});
  std::raise(SIGINT);
  CHECK(trainer.run().signal == SIGINT);
  CHECK(counter.count == 0);
  CHECK(outer.received() == SIGINT);
}

TEST_CASE("a trainer that is not asked to leaves signals to the program") {
  static volatile std::sig_atomic_t own = 0;
  const auto before = std::signal(SIGTERM, [](int) { own = own + 1; });
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(5), scratch("trainer_no_signal")});
  trainer.extend([](train::Trainer& t) {
    if (t.iteration() == 3) std::raise(SIGTERM);
  });
  CHECK(trainer.run().signal == 0);
  CHECK(counter.count == 5);
  CHECK(own == 1);
  std::signal(SIGTERM, before);
}

TEST_CASE("the second signal does what the program has decided, and its later handler stays") {
  static volatile std::sig_atomic_t own = 0;
  struct sigaction mine = {}, now = {}, before = {};
  mine.sa_handler = [](int) { own = own + 1; };
  mine.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigaddset(&mine.sa_mask, SIGUSR2);
  sigaction(SIGINT, &mine, &before);
  {
    const train::SignalWatch watch;
    std::raise(SIGINT);
    CHECK(watch.received() == SIGINT);
    CHECK(own == 0);
    std::raise(SIGINT);
    CHECK(own == 1);
    CHECK(train::SignalWatch::noted() == SIGINT);
  }
  CHECK(train::SignalWatch::noted() == 0);
  sigaction(SIGINT, nullptr, &now);  // flags and mask, too
  CHECK((now.sa_handler == mine.sa_handler));
  CHECK((now.sa_flags & (SA_NODEFER | SA_ONSTACK | SA_RESTART)) == (SA_NODEFER | SA_ONSTACK));
  CHECK(sigismember(&now.sa_mask, SIGUSR2) == 1);
  {
    const train::SignalWatch watch;
    std::signal(SIGINT, SIG_IGN);  // by the program, meanwhile
  }
  CHECK((std::signal(SIGINT, SIG_DFL) == SIG_IGN));
  sigaction(SIGINT, &before, nullptr);
}

TEST_CASE("ignored signals stay ignored") {
  auto* const before = std::signal(SIGINT, SIG_IGN);
  {
    const train::SignalWatch watch;
    std::raise(SIGINT);
    CHECK(watch.received() == 0);
  }
  CHECK((std::signal(SIGINT, before) == SIG_IGN));
}

TEST_CASE("a folder that cannot be made, or written to, is an error that names it") {
  const auto folder = scratch("trainer_unwritable");
  std::ofstream(folder / "file") << "x";
  Counter counter;
  train::Trainer inside_a_file(counter, {train::iterations(1), folder / "file" / "result"});
  try {
    inside_a_file.run();
    FAIL("no error");
  } catch (const FileError& error) {
    CHECK(std::string(error.what()).find("file/result") != std::string::npos);
  }
  CHECK(counter.count == 0);

  std::filesystem::create_directories(folder / "result" / "log");  // a folder where the file should be
  train::Trainer taken(counter, {train::epochs(1), folder / "result"});
  taken.extend(train::log_report());
  CHECK_THROWS_AS(taken.run(), FileError);
}

TEST_CASE("the log is a file of JSON with the means of each epoch, indented by four") {
  const auto folder = scratch("trainer_log");
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(2), folder});
  trainer.extend(
      [](train::Trainer& t) {
        if (t.epoch() == 2) t.observation()["lr"] = 0.001;
      },
      train::epochs(1));
  trainer.extend(train::log_report());
  trainer.run();
  auto text = text_of(folder / "log");
  const auto log = nlohmann::ordered_json::parse(text);
  for (auto at = text.find("elapsed_time\": "); at != text.npos; at = text.find("elapsed_time\": ", at + 1))
    text.replace(at + 15, text.find('\n', at) - at - 15, "T");
  CHECK(text ==
        "[\n    {\n        \"main/loss\": 1.5,\n        \"epoch\": 1,\n        \"iteration\": 2,\n        "
        "\"elapsed_time\": T\n    },\n"
        "    {\n        \"main/loss\": 3.5,\n        \"lr\": 0.001,\n        \"epoch\": 2,\n        "
        "\"iteration\": 4,\n        \"elapsed_time\": T\n    }\n]");
  CHECK(log[1].at("elapsed_time").get<double>() >= log[0].at("elapsed_time").get<double>());
}

TEST_CASE("a table is printed as the log grows, and missing values are blank") {
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(2), scratch("trainer_print")});
  std::ostringstream out;
  trainer.extend(train::log_report({.keys = {"main/loss"}}));
  trainer.extend(train::print_report({"epoch", "main/loss", "validation/main/accuracy"}, out));
  trainer.extend(train::progress_bar(out, train::Terminal{}));
  trainer.run();
  CHECK(out.str() ==
        "epoch       main/loss   validation/main/accuracy\n"
        "1           1.5                                   \n"
        "2           3.5                                   \n");
  train::Trainer without_log(counter, {train::epochs(3), scratch("trainer_print")});
  without_log.extend(train::print_report({"epoch"}, out));
  CHECK_THROWS_AS(without_log.run(), Error);
}

TEST_CASE("a table for people has headings, units and few digits") {
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(2), scratch("trainer_print_columns")});
  std::ostringstream out;
  trainer.extend(train::log_report());
  trainer.extend(train::print_report(
      {.columns = {{.key = "epoch", .heading = "epoch", .decimals = 0},
                   {.key = "main/loss", .heading = "loss (%)", .decimals = 1, .scale = 100},
                   {.key = "absent", .heading = "absent", .decimals = 1}}},
      out));
  trainer.run();
  CHECK(out.str() ==
        "epoch  loss (%)  absent\n"
        "    1     150.0          \n"
        "    2     350.0          \n");
}

TEST_CASE("a progress bar on a terminal makes room for the lines of the table") {
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(1), scratch("trainer_bar")});
  std::ostringstream out;
  trainer.extend(train::log_report());
  trainer.extend(train::print_report({"epoch"}, out));
  trainer.extend(train::progress_bar(out, train::Terminal{.interactive = true}));
  trainer.run();
  const std::string text = out.str();
  CHECK(text.find("total [####") != text.npos);
  CHECK(text.find("1 epochs") != text.npos);
  CHECK(text.find("\033[J1 ") != text.npos);  // the bar is off before the line
}

TEST_CASE("the newest snapshots are kept, and other files too") {
  const auto folder = scratch("trainer_retention");
  std::ofstream(folder / "snapshot_iter_x") << "not one of ours";
  std::ofstream(folder / "snapshot_iter_3.bak") << "neither";
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(12), folder});
  trainer.extend(train::snapshot({.keep = 2}), train::iterations(1));
  trainer.extend(train::snapshot({.file_name = "epoch_{epoch}_at_{iteration}.npz"}));
  trainer.run();
  std::vector<std::string> names;
  for (const auto& path : train::snapshots_in(folder, "snapshot_iter_{iteration}"))
    names.push_back(path.filename());
  CHECK(names == std::vector<std::string>{"snapshot_iter_12", "snapshot_iter_11"});
  CHECK(std::filesystem::exists(folder / "snapshot_iter_x"));
  CHECK(std::filesystem::exists(folder / "snapshot_iter_3.bak"));
  CHECK(train::snapshots_in(folder, "epoch_{epoch}_at_{iteration}.npz").size() == 6);
  CHECK(train::snapshots_in(folder, "epoch_{epoch}_at_{iteration}.npz")[0].filename() == "epoch_6_at_12.npz");
  CHECK(train::snapshots_in(folder / "none", "snapshot_iter_{iteration}").empty());
  CHECK_THROWS_AS(train::snapshot({.keep = -1}), Error);
}

TEST_CASE("the newest snapshot is the one written last, whatever its number; folders do not count") {
  const auto folder = scratch("trainer_newest");
  const auto now = std::filesystem::file_time_type::clock::now();
  using std::chrono::seconds;
  for (const auto& [number, age] : std::vector<std::pair<int, int>>{{2, 5}, {100, 20}, {9, 5}, {30, 10}}) {
    const auto path = folder / message("snapshot_iter_", number);
    std::ofstream(path) << "x";
    std::filesystem::last_write_time(path, now - seconds(age));
  }
  std::filesystem::create_directory(folder / "snapshot_iter_99");  // of somebody else
  std::filesystem::last_write_time(folder / "snapshot_iter_99", now);
  std::vector<std::string> names;
  for (const auto& path : train::snapshots_in(folder, "snapshot_iter_{iteration}"))
    names.push_back(path.filename());
  // Numbers decide only between files of the same time, and then as numbers.
  CHECK(names == std::vector<std::string>{"snapshot_iter_9", "snapshot_iter_2", "snapshot_iter_30",
                                          "snapshot_iter_100"});
}

TEST_CASE("the best model is kept") {
  const auto folder = scratch("trainer_best");
  Counter counter;
  nn::Linear<float> model({.input_size = 1, .output_size = 1});
  train::Trainer trainer(counter, {train::iterations(4), folder});
  const std::vector<double> accuracies{0.5, 0.75, 0.75, 0.25};
  trainer.extend([&](train::Trainer& t) {
    const auto i = static_cast<std::size_t>(t.iteration());
    t.observation()["validation/main/accuracy"] = accuracies[i - 1];
    model.weight.mutable_value().mutable_values()[0] = static_cast<float>(i);
  });
  trainer.extend(train::snapshot_object(model, "best.npz"),
                 train::max_value("validation/main/accuracy", train::iterations(1)));
  trainer.run();
  CHECK(io::read_npz(folder / "best.npz").at("W").to<float>()[0] == 2);
}

/// The number after initialize and each of `calls` updates.
std::vector<double> values_of(train::Extension extension, const double& number, int calls) {
  Counter counter;
  train::Trainer trainer(counter, {train::iterations(calls), scratch("trainer_schedule")});
  std::vector<double> values;
  trainer.extend(std::move(extension));
  struct Watch {
    void initialize(train::Trainer&) { values->push_back(*number); }
    void operator()(train::Trainer&) { values->push_back(*number); }
    std::vector<double>* values;
    const double* number;
  };
  trainer.extend(Watch{&values, &number});
  trainer.run();
  return values;
}

TEST_CASE("learning rates follow their schedules from the first update on") {
  double rate = 8;
  CHECK(values_of(train::exponential_shift(rate, 0.5), rate, 3) == std::vector<double>{8, 4, 2, 1});
  rate = 8;
  CHECK(values_of(train::exponential_shift(rate, 0.5, 3.0), rate, 3) == std::vector<double>{8, 4, 3, 3});
  rate = 1;
  CHECK(values_of(train::exponential_shift(rate, 2, 3.0), rate, 3) == std::vector<double>{1, 2, 3, 3});
  CHECK(values_of(train::linear_shift(rate, {.from = 1, .to = 3, .first_call = 1, .last_call = 3}), rate,
                  4) == std::vector<double>{1, 1, 2, 3, 3});
  rate = 8;
  CHECK(values_of(train::step_shift(rate, 0.5, 2), rate, 5) == std::vector<double>{8, 8, 4, 4, 2, 2});
  rate = 4;
  CHECK(values_of(train::warmup_shift(rate, 0, 4), rate, 5) == std::vector<double>{0, 1, 2, 3, 4, 4});
  CHECK_THROWS_AS(train::exponential_shift(rate, -1), Error);
  CHECK_THROWS_AS(train::step_shift(rate, 1, 0), Error);
  CHECK_THROWS_AS(train::warmup_shift(rate, 1, 0), Error);
}

TEST_CASE("schedules resume, under the reference's keys") {
  const auto folder = scratch("trainer_schedule_resume");
  double rate = 8, other_rate = 8;
  Counter counter, other_counter;
  train::Trainer trainer(counter, {train::iterations(2), folder}),
      other(other_counter, {train::iterations(3), folder});
  trainer.extend(train::exponential_shift(rate, 0.5));
  other.extend(train::exponential_shift(other_rate, 0.5));
  std::vector<double> at_start;
  struct AtStart {
    void initialize(train::Trainer&) { values->push_back(*number); }
    void operator()(train::Trainer&) {}
    std::vector<double>* values;
    double* number;
  };
  other.extend(AtStart{&at_start, &other_rate});
  trainer.run();
  const auto saved = io::to_archive(trainer);
  CHECK(saved.at("extensions/ExponentialShift/_t").to<Index>()[0] == 2);
  CHECK(saved.at("extensions/ExponentialShift/_last_value").to<double>()[0] == 2);
  io::from_archive(saved, other, io::ExtraKeys::ignore);
  other.run();
  CHECK(at_start == std::vector<double>{2});
  CHECK(other_rate == 1);
}

TEST_CASE("a run that diverges ends before anything of it is kept") {
  const auto folder = scratch("trainer_nan");
  const auto sentences = made_up_sentences(8, 1);
  Run run(std::make_unique<RnnModel>(20, 2, 2, 0), sentences, sentences, {folder, train::epochs(4), 8});
  run.trainer.extend(train::snapshot());
  run.trainer.extend(train::snapshot_object(*run.model, "model.npz"));
  run.trainer.extend(train::log_report());
  run.trainer.extend(train::fail_on_nan(run.adam));
  run.adam.options.learning_rate = 1e300;  // more than a float holds
  try {
    run.trainer.run();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("is not finite after iteration 1") != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(folder));
}

TEST_CASE("evaluation reports means over batches, and weighted ones over sentences") {
  const auto sentences = made_up_sentences(20, 3);  // batches of 16 and 4
  RnnModel model(20, 3, 2, 0.4);
  std::vector<double> shares, weights;
  const auto objective = [&](const data::LabelledTokens& batch, train::Observation& seen) {
    CHECK(!is_training());
    const auto scores = model(batch.tokens);
    shares.push_back(ops::accuracy(scores, batch.labels));
    weights.push_back(static_cast<double>(batch.labels.size()));
    seen["accuracy"] = shares.back();
    seen.set("of_sentences", shares.back(), batch.labels.size());
    return ops::softmax_cross_entropy(scores, batch.labels);
  };
  data::SerialIterator batches(sentences, {.batch_size = 16, .shuffle = false, .repeat = false});
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(1), scratch("trainer_evaluator")});
  trainer.extend(train::evaluator(batches, objective));
  trainer.extend(train::evaluator(batches, objective));
  trainer.extend(train::evaluator(batches, objective, "test"));
  train::Observation last;
  trainer.extend([&](train::Trainer& t) { last = t.observation(); });
  trainer.run();
  std::vector<std::string> keys;
  for (const auto& entry : last) keys.push_back(entry.key);
  CHECK(keys == std::vector<std::string>{"main/loss", "validation/main/loss", "validation/main/accuracy",
                                         "validation/main/of_sentences", "validation_1/main/loss",
                                         "validation_1/main/accuracy", "validation_1/main/of_sentences",
                                         "test/main/loss", "test/main/accuracy", "test/main/of_sentences"});
  REQUIRE(shares.size() == 6);
  CHECK(*last.find("validation/main/accuracy") == (shares[0] + shares[1]) / 2);
  CHECK(*last.find("test/main/of_sentences") == doctest::Approx((16 * shares[0] + 4 * shares[1]) / 20));
  CHECK(is_training());
}

TEST_CASE("elapsed time goes on after a resume") {
  const auto folder = scratch("trainer_time");
  Counter counter, other_counter;
  train::Trainer trainer(counter, {train::iterations(1), folder}),
      other(other_counter, {train::iterations(1), folder});
  auto saved = io::to_archive(trainer);
  CHECK(saved.at("_snapshot_elapsed_time").to<double>()[0] == 0);
  io::Archive later;
  for (const auto& entry : saved)
    later.add(entry.name, entry.name == "_snapshot_elapsed_time" ? io::Array::scalar(100.0) : entry.array);
  io::from_archive(later, other);
  other.run();
  CHECK(other.elapsed_time() >= 100);
  CHECK(other.elapsed_time() < 110);
}

}  // namespace
}  // namespace lstmlib::test
