// SPDX-License-Identifier: MIT
// Processes that are killed at any time lose nothing but the time since their last snapshot.
#include "models.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

namespace lstmlib::test {
namespace {

// A child is this program again, since a fork of a process with threads could not train. It runs one case
// alone.
const char* const child_case = "a child process trains until it is killed";
const char* const folder_variable = "LSTMLIB_TEST_CHILD_FOLDER";
const char* const task_variable = "LSTMLIB_TEST_CHILD_TASK";

class Child {
 public:
  Child(const std::string& task, const std::filesystem::path& folder) {
    const std::string only = std::string("--test-case=") + child_case;
    id_ = fork();
    REQUIRE(id_ >= 0);
    if (id_ > 0) return;
    setenv(task_variable, task.c_str(), 1);
    setenv(folder_variable, folder.c_str(), 1);
    execl("/proc/self/exe", "test", only.c_str(), "--minimal", static_cast<char*>(nullptr));
    _exit(127);
  }
  void kill_after(useconds_t microseconds) const {
    usleep(microseconds);
    kill(id_, SIGKILL);
  }
  int wait() const {
    int status = 0;
    waitpid(id_, &status, 0);
    return status;
  }

 private:
  pid_t id_;
};

void train_with_snapshots(const std::filesystem::path& folder) {
  set_seed(5);
  const auto training = made_up_sentences(30, 1), test = made_up_sentences(10, 2);
  Run run(std::make_unique<RnnModel>(20, 6, 2, 0.3), training, test, {folder, train::epochs(5), 7, false, 5});
  run.trainer.extend(train::evaluator(run.test_batches, run.objective));
  run.trainer.extend(train::snapshot({.keep = 2}), train::iterations(1));
  run.trainer.extend(train::snapshot_object(*run.model, "best.npz"),
                     train::max_value("validation/main/accuracy"));
  run.trainer.extend(train::log_report());
  train::load_newest_snapshot(run.trainer, [](const std::string& message) { FAIL(message); });
  run.trainer.run();
  io::save_npz(folder / "final.npz", *run.model);
}

TEST_CASE("a child process trains until it is killed") {
  const char *task = std::getenv(task_variable), *folder = std::getenv(folder_variable);
  if (!task || !folder) return;  // not the child
  if (task == std::string("train")) {
    train_with_snapshots(folder);
    return;
  }
  const train::SignalWatch watch;
  std::raise(SIGTERM);
  if (watch.received() != SIGTERM) std::_Exit(1);
  std::raise(SIGINT);  // the second one
  std::_Exit(2);
}

TEST_CASE("a run that is killed again and again ends with the same bits") {
  const auto straight = scratch("kill_straight"), broken = scratch("kill_broken");
  CHECK(Child("train", straight).wait() == 0);
  int killed = 0;
  for (useconds_t patience = 1000;;
       patience = patience * 5 / 4) {  // in the end a child has the time it needs
    const Child child("train", broken);
    child.kill_after(patience);
    const int status = child.wait();
    if (WIFEXITED(status)) {
      CHECK(WEXITSTATUS(status) == 0);
      break;
    }
    ++killed;
  }
  CHECK(killed > 3);
  CHECK(equal(io::read_npz(straight / "final.npz"), io::read_npz(broken / "final.npz")));
  CHECK(equal(io::read_npz(straight / "best.npz"), io::read_npz(broken / "best.npz")));
  Index files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(broken))
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 5);  // final.npz, best.npz, log and two snapshots: nothing half-written is left
}

TEST_CASE("a second signal ends the process at once") {
  const int status = Child("signals", scratch("kill_signals")).wait();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

}  // namespace
}  // namespace lstmlib::test
