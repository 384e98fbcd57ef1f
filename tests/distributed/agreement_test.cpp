// SPDX-License-Identifier: MIT
#include "lstmlib/distributed/agreement.hpp"

#include "lstmlib/distributed/snapshot.hpp"
#include "lstmlib/distributed/step_report.hpp"
#include "distributed/threads.hpp"
#include "distributed/training.hpp"

namespace lstmlib::test {
namespace {

/// What each process threw.
template <class Work>
std::vector<std::string> errors_of(int size, Work work) {
  std::vector<std::string> errors(static_cast<std::size_t>(size));
  in_threads(size, [&](ThreadCommunicator& all) {
    try {
      work(all);
    } catch (const distributed::AgreedError& error) {
      errors[static_cast<std::size_t>(all.rank())] = error.what();
    }
  });
  return errors;
}

TEST_CASE("agreement: what fails in one process fails in all, in the words of the first that failed") {
  const auto errors = errors_of(3, [](ThreadCommunicator& all) {
    distributed::all_or_none(all, [&] {
      if (all.rank() > 0) fail<FileError>("no file ", all.rank());
      return 0;
    });
  });
  CHECK(errors == std::vector<std::string>(3, "rank 1 of 3 (on host0): no file 1"));
  const auto same = errors_of(3, [](ThreadCommunicator& all) {
    distributed::all_or_none(all, []() -> int { fail<FileError>("no such file"); });
  });
  CHECK(same == std::vector<std::string>(3, "no such file"));
  const auto none = errors_of(2, [](ThreadCommunicator& all) {
    CHECK(distributed::all_or_none(all, [&] { return all.rank() + 1; }) == all.rank() + 1);
  });
  CHECK(none == std::vector<std::string>(2));
}

TEST_CASE("agreement: what is not the same is named with those that differ") {
  const auto errors = errors_of(3, [](ThreadCommunicator& all) {
    distributed::require_same(all, "the data", all.rank() == 2 ? "b7" : "a1");
  });
  CHECK(errors ==
        std::vector<std::string>(3,
                                 "the data is not the same in all processes: rank 0 of 3 (on host0) "
                                 "has a1, rank 2 of 3 (on host1) has b7"));
}

TEST_CASE("agreement: reports of a step are joined by examples, weighted values by their weights") {
  in_threads(3, [](ThreadCommunicator& all) {
    distributed::StepReport mine{.examples = all.rank() == 1 ? 0 : all.rank() + 1,
                                 .signal = all.rank() == 2 ? 15 : 0};
    mine.seen["loss"] = all.rank() == 1 ? 0.0 : all.rank() + 2.0;  // 2, none, 4
    if (all.rank() != 1) mine.seen.set("share", all.rank() == 0 ? 1.0 : 0.5, all.rank() == 0 ? 2 : 6);
    const auto whole = distributed::all_gather_reports(all, mine, "loss", 1);
    CHECK(whole.examples == 4);
    CHECK(whole.signal == 15);
    CHECK(*whole.seen.find("loss") == doctest::Approx((1 * 2.0 + 3 * 4.0) / 4));
    CHECK(*whole.seen.find("share") == doctest::Approx((2 * 1.0 + 6 * 0.5) / 8));
    for (const auto& entry : whole.seen) CHECK(entry.weight == (entry.key == "share" ? 8 : 1));
  });
}

TEST_CASE("agreement: the first process's snapshot is taken by those that cannot read it") {
  const auto folder = scratch("parallel_snapshot");
  std::vector<float> expected;
  {
    Training<float> training({.folder = folder});
    train::StandardUpdater updater(training.batches, training.model, training.adam, training);
    train::Trainer trainer(updater, training.trainer_options());
    trainer.extend(train::log_report());
    trainer.extend(train::snapshot());
    trainer.run();
    expected = training.parameters();
  }
  in_threads(3, [&](ThreadCommunicator& all) {
    const auto mine = all.is_main_process() ? folder : scratch(message("parallel_snapshot_", all.rank()));
    Training<float> training({.model_seed = 90, .folder = mine});
    distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, training);
    train::Trainer trainer(updater, training.trainer_options());
    trainer.extend(train::log_report());
    trainer.extend(train::snapshot());
    const auto path = distributed::load_newest_snapshot(all, trainer, [](const std::string&) {});
    CHECK(path.filename() == "snapshot_iter_5");
    CHECK(trainer.iteration() == 5);
    CHECK(training.parameters() == expected);
    if (!all.is_main_process()) CHECK(std::filesystem::is_empty(mine));
  });
  const auto errors = errors_of(2, [&](ThreadCommunicator& all) {
    Training<float> training({.folder = folder});
    distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, training);
    train::Trainer trainer(updater, training.trainer_options());
    distributed::load_snapshot(all, folder / "none", trainer);
  });
  for (const auto& error : errors) CHECK(says(error, "none"));
}

}  // namespace
}  // namespace lstmlib::test
