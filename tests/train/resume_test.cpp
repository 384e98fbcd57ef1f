// SPDX-License-Identifier: MIT
// A run that is broken off and resumed ends with the bits of a run that is not.
#include "models.hpp"

#include <csignal>

namespace lstmlib::test {
namespace {

const data::LabelledSequences& training() {
  static const auto sentences = made_up_sentences(22, 1);
  return sentences;
}
const data::LabelledSequences& testing() {
  static const auto sentences = made_up_sentences(9, 2);
  return sentences;
}

/// With dropout, batches over the epoch's border, a learning rate that changes, and all kinds of triggers.
std::unique_ptr<Run> make_run(const std::filesystem::path& folder, Index epochs, std::uint64_t seed = 42,
                              bool by_length = false) {
  set_seed(seed);
  auto stop = train::early_stopping({.monitor = "validation/main/loss",
                                     .patience = 50,
                                     .limit = train::epochs(static_cast<double>(epochs))});
  auto run = std::make_unique<Run>(std::make_unique<RnnModel>(20, 4, 2, 0.4), training(), testing(),
                                   Run::Options{folder, std::move(stop), 5, by_length, seed});
  auto& trainer = run->trainer;
  trainer.extend(train::evaluator(run->test_batches, run->objective));
  trainer.extend(train::snapshot({.file_name = "snapshot_iter_{iteration}"}), train::iterations(1));
  trainer.extend(train::snapshot_object(*run->model, "best.npz"),
                 train::max_value("validation/main/accuracy"));
  trainer.extend(train::log_report());
  return run;
}

/// Everything that a run leaves but the times.
void check_same(Run& a, Run& b) {
  CHECK(equal(a.parameters(), b.parameters()));
  const auto states = [](Run& run) { return io::to_archive(run.trainer); };
  const auto of_a = states(a), of_b = states(b);
  CHECK(of_a.names() == of_b.names());
  for (const auto& entry : of_a) {
    CAPTURE(entry.name);
    if (entry.name == "_snapshot_elapsed_time" || entry.name.ends_with("/_log")) continue;
    CHECK(entry.array == of_b.at(entry.name));
  }
  const auto &log_of_a = a.trainer.find<train::LogReport>()->entries(),
             &log_of_b = b.trainer.find<train::LogReport>()->entries();
  REQUIRE(log_of_a.size() == log_of_b.size());
  for (std::size_t i = 0; i < log_of_a.size(); ++i)
    for (const auto& [key, value] : log_of_a[i].items())
      if (key != "elapsed_time") CHECK(value == log_of_b[i].at(key));
}

TEST_CASE("resuming from any iteration ends with the same bits, also of the best model and the log") {
  for (const bool by_length : {false, true}) {
    const auto folder = scratch("resume_straight"), other = scratch("resume_resumed");
    const auto straight = make_run(folder, 3, 42, by_length);
    straight->trainer.run();
    const Index iterations = straight->trainer.iteration();
    CHECK(iterations == 14);  // three times 22 examples in batches of 5
    for (Index at = 1; at <= iterations; ++at) {
      CAPTURE(at);
      const auto resumed =
          make_run(other, 3, 1000 + static_cast<std::uint64_t>(at), by_length);  // other chances
      io::load_snapshot(folder / message("snapshot_iter_", at), resumed->trainer);
      CHECK(resumed->trainer.iteration() == at);
      std::filesystem::copy_file(folder / "best.npz", other / "best.npz",
                                 std::filesystem::copy_options::overwrite_existing);
      resumed->trainer.run();
      CHECK(resumed->trainer.iteration() == iterations);
      check_same(*straight, *resumed);
      CHECK(equal(io::read_npz(folder / "best.npz"), io::read_npz(other / "best.npz")));
    }
  }
}

TEST_CASE(
    "resuming goes on with the random numbers of the straight run, also with those that nothing drew yet") {
  const auto folder = scratch("resume_random");
  const auto straight = make_run(folder, 1);
  straight->trainer.run();
  const auto draws = random_state().draws;
  CHECK(draws > 0);  // the model's first values
  const auto next = next_random_key(), after = next_random_key();
  const auto resumed = make_run(folder, 1, 7);
  for (int i = 0; i < 5; ++i) static_cast<void>(next_random_key());  // somebody else's
  io::load_snapshot(folder / "snapshot_iter_5", resumed->trainer);
  CHECK(random_state().seed == 42);
  CHECK(random_state().draws == draws);
  CHECK(next_random_key() == next);
  CHECK(next_random_key() == after);
  CHECK_FALSE(next == after);
}

TEST_CASE("one epoch, then two more, are the same as three") {
  const auto folder = scratch("resume_epochs");
  const auto straight = make_run(folder / "straight", 3);
  straight->trainer.run();
  make_run(folder / "parts", 1)->trainer.run();
  const auto rest = make_run(folder / "parts", 3, 7);
  const auto from =
      train::load_newest_snapshot(rest->trainer, [](const std::string& message) { FAIL_CHECK(message); });
  CHECK(from.filename() == "snapshot_iter_5");
  rest->trainer.run();
  check_same(*straight, *rest);
}

TEST_CASE("a signal ends the run after the iteration with a snapshot that resumes to the same bits") {
  const auto folder = scratch("resume_signal");
  const auto straight = make_run(folder / "straight", 3);
  straight->trainer.run();
  for (const int signal : {SIGINT, SIGTERM}) {
    set_seed(42);
    Run broken(
        std::make_unique<RnnModel>(20, 4, 2, 0.4), training(), testing(),
        {folder / "parts", train::early_stopping({.patience = 50, .limit = train::epochs(3)}), 5, false, 42});
    auto& trainer = broken.trainer;
    trainer.extend(train::evaluator(broken.test_batches, broken.objective));
    trainer.extend(train::snapshot(), train::never());
    trainer.extend(train::snapshot_object(*broken.model, "best.npz"),
                   train::max_value("validation/main/accuracy"));
    trainer.extend(train::log_report());
    trainer.extend([signal](train::Trainer& t) {
      if (t.iteration() == 7) std::raise(signal);
    });
    const auto result = trainer.run();
    CHECK(result.signal == signal);
    CHECK(trainer.iteration() == 7);
    CHECK(result.snapshot == folder / "parts" / "snapshot_iter_7");

    const auto rest = make_run(folder / "parts", 3, 7);
    io::load_snapshot(result.snapshot, rest->trainer);
    rest->trainer.run();
    CHECK(equal(straight->parameters(), rest->parameters()));
  }
}

TEST_CASE("without a snapshot extension a signal leaves no file") {
  const auto folder = scratch("signal_without_snapshot");
  Run run(std::make_unique<RnnModel>(20, 4, 2, 0), training(), testing(), {folder, train::epochs(3)});
  run.trainer.extend([](train::Trainer&) { std::raise(SIGINT); });
  const auto result = run.trainer.run();
  CHECK(result.signal == SIGINT);
  CHECK(result.snapshot.empty());
  CHECK(run.trainer.iteration() == 1);
  CHECK(std::filesystem::is_empty(folder));
}

TEST_CASE("snapshots that cannot be read are passed over, and refused ones change nothing") {
  const auto folder = scratch("resume_broken");
  make_run(folder, 1)->trainer.run();
  const auto newest = folder / "snapshot_iter_5";
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
  const auto run = make_run(folder, 3);
  std::vector<std::string> skipped;
  CHECK(train::load_newest_snapshot(run->trainer, [&](const std::string& text) {
          skipped.push_back(text);
        }) == folder / "snapshot_iter_4");
  REQUIRE(skipped.size() == 1);
  CHECK(skipped[0].find("snapshot_iter_5") != std::string::npos);
  CHECK(run->trainer.iteration() == 4);

  const auto before = io::to_archive(run->trainer);
  const auto good = io::read_npz(folder / "snapshot_iter_3");
  for (const std::string key :
       {"updater/iteration", "updater/model:main/output/W", "updater/iterator:main/order",
        "updater/optimizer:main/output/b/m", "extensions/LogReport/_log",
        "extension_triggers/_Snapshot_1/best_value", "stop_trigger/best/best_value"}) {
    CAPTURE(key);
    REQUIRE(good.find(key) != nullptr);
    for (const bool missing : {true, false}) {
      Arrays bad;
      for (const auto& entry : good) {
        if (entry.name != key) bad.add(entry.name, entry.array);
        else if (!missing) bad.add(entry.name, io::Array::from_strings({"{"}, {}));
      }
      CHECK_THROWS_AS(io::from_archive(bad, run->trainer, io::ExtraKeys::ignore), FormatError);
      auto after = io::to_archive(run->trainer);
      CHECK(equal(before, after));
    }
  }
}

TEST_CASE("an extension that the saved run did not have begins where the run goes on") {
  const auto folder = scratch("resume_more");
  make_run(folder, 1)->trainer.run();
  const auto run = make_run(folder, 3);
  std::vector<Index> fired;
  run->trainer.extend([&](train::Trainer& t) { fired.push_back(t.iteration()); }, train::epochs(1), "more");
  io::load_snapshot(folder / "snapshot_iter_5", run->trainer);
  run->trainer.run();
  CHECK(fired == std::vector<Index>{9, 14});
}

TEST_CASE("a run that resumes in another folder has its log there at once, though it is over") {
  const auto folder = scratch("resume_elsewhere");
  const auto whole = make_run(folder / "first", 2);
  whole->trainer.run();
  const auto snapshots = train::snapshots_in(folder / "first", "snapshot_iter_{iteration}");
  REQUIRE(!snapshots.empty());
  const auto over = make_run(folder / "second", 2);
  io::load_snapshot(snapshots.front(), over->trainer);
  over->trainer.run();
  CHECK(io::read_file(folder / "second/log") == io::read_file(folder / "first/log"));
}

TEST_CASE("snapshots go to the folder that they are told") {
  const auto folder = scratch("snapshot_folder");
  std::filesystem::create_directories(folder / "kept");
  set_seed(42);
  Run run(std::make_unique<RnnModel>(20, 4, 2, 0), training(), testing(),
          {folder / "results", train::epochs(2)});
  run.trainer.extend(train::snapshot({.file_name = "whole.npz", .folder = folder / "kept"}));
  run.trainer.run();
  CHECK(std::filesystem::is_empty(folder / "results"));
  CHECK(io::is_npz(folder / "kept/whole.npz"));
}

}  // namespace
}  // namespace lstmlib::test
