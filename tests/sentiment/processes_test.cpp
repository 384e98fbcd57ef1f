// SPDX-License-Identifier: MIT
// `sentiment train` in several processes that mpirun started, whole and with faults.

#include "sentiment/program.hpp"
#include "support.hpp"

#include <lstmlib/io/npz.hpp>

#include <nlohmann/json.hpp>

#include <signal.h>

#include <cmath>
#include <iterator>
#include <sstream>

namespace sentiment::test {

namespace fs = std::filesystem;
using lstmlib::test::says;
using lstmlib::test::scratch;

namespace {

#ifdef LSTMLIB_TEST_MPIRUN

/// The small corpus, prepared below `folder`.
fs::path films_in(const fs::path& folder) {
  REQUIRE(run({"prepare", "--dataset", "films", "--out", folder / "data"}, folder / "prepare").status == 0);
  return folder / "data";
}

/// Options of `train`: a small model without dropout, 48 sentences an update whatever the number of
/// processes.
std::string training(const fs::path& data, const fs::path& result, int epochs) {
  return "train --train " + (data / "train").string() + " --test " + (data / "test").string() + " --vocab " +
         (data / "vocab").string() + " --model-dir " + (result / "model").string() + " --output-data-dir " +
         (result / "output").string() + " --epochs " + std::to_string(epochs) +
         " --seed 3 --num-units 12 --dropout 0 --global-batch-size 48 --threads 1";
}

/// A run of mpirun; each process is a shell that does `before`, then becomes the program. $rank is its rank.
class Together {
 public:
  Together(int processes, const std::string& options, const fs::path& folder, const std::string& before = ":")
      : folder_(folder),
        program_(Program::Command{{LSTMLIB_TEST_MPIRUN, "--oversubscribe", "--bind-to", "none", "-np",
                                   std::to_string(processes), "/bin/sh", "-c",
                                   "rank=$OMPI_COMM_WORLD_RANK; program=" SENTIMENT_PROGRAM "; options='" +
                                       options + "'; echo $$ >" + (folder / "pid").string() + ".$rank; " +
                                       before + "; exec $program $options"}},
                 folder, {}, folder / "stdout", environment()) {}
  pid_t process(int rank) const {
    return std::stoi(read_text(fs::path(folder_ / "pid").string() + "." + std::to_string(rank)));
  }
  Program& mpirun() { return program_; }
  Outcome wait() {
    const int status = program_.wait();
    return {status, program_.out(), program_.err()};
  }

 private:
  static Environment environment() {
    return {{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
            {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
            {"OMPI_MCA_btl", "self,vader"},
            {"OMPI_MCA_mpi_yield_when_idle", "1"}};
  }
  fs::path folder_;
  Program program_;
};

Outcome run_together(int processes, const std::string& options, const fs::path& folder,
                     const std::string& before = ":") {
  return Together(processes, options, folder, before).wait();
}

nlohmann::json log_of(const fs::path& result) {
  return nlohmann::json::parse(read_text(result / "output/log"));
}
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    files.push_back(fs::relative(entry, folder));
  std::sort(files.begin(), files.end());
  return files;
}
std::vector<fs::path> kept_snapshots(const fs::path& result) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(result / "output", none))
    if (entry.path().filename().string().starts_with("snapshot_")) found.push_back(entry);
  return found;
}
/// For the shell of rank `rank`: puts `to` in place of `from` in its options.
std::string exchange_option(int rank, const std::string& from, const std::string& to) {
  return "[ $rank != " + std::to_string(rank) + " ] || options=$(echo \"$options\" | sed 's|" + from + "|" +
         to + "|')";
}
/// Whether something was printed once: by one process.
bool says_once(const std::string& text, const std::string& part) {
  const auto first = text.find(part);
  return first != text.npos && text.find(part, first + 1) == text.npos;
}

TEST_CASE("processes: 1 to 4 follow one, and the first alone writes and reports") {
  const fs::path folder = scratch("processes_follow"), data = films_in(folder);
  std::vector<nlohmann::json> logs;
  std::vector<std::vector<fs::path>> files;
  for (const int processes : {0, 1, 2, 3, 4}) {  // 0: without mpirun
    CAPTURE(processes);
    const fs::path result = folder / std::to_string(processes);
    Outcome outcome;
    if (processes == 0) {
      std::istringstream words(training(data, result, 1));
      outcome = run({std::istream_iterator<std::string>(words), {}}, folder / "alone");
    } else {
      outcome =
          run_together(processes, training(data, result, 1), folder / ("work" + std::to_string(processes)));
    }
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(says_once(outcome.err, "training sentences"));
    CHECK(says_once(outcome.err, "Best epoch"));
    logs.push_back(log_of(result));
    files.push_back(files_in(result));
  }
  for (std::size_t i = 1; i < logs.size(); ++i) {
    CAPTURE(i);
    CHECK(files[i] == files[0]);
    REQUIRE(logs[i].size() == 1);
    for (const auto& [key, value] : logs[0][0].items())
      if (key != "elapsed_time") CHECK(std::abs(logs[i][0][key].get<double>() - value.get<double>()) < 2e-5);
  }
}

TEST_CASE("processes: one is killed; the others end, and another number goes on as if nothing had been") {
  const fs::path folder = scratch("processes_killed"), data = films_in(folder), result = folder / "result";
  {
    Together together(3, training(data, result, 5000), folder / "work");
    REQUIRE(eventually([&] { return kept_snapshots(result).size() == 2; }));
    const auto start = std::chrono::steady_clock::now();
    const pid_t killed = together.process(1), other = together.process(2);
    ::kill(killed, SIGKILL);
    const Outcome outcome = together.wait();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    CHECK(outcome.status != 0);
    CAPTURE(outcome.err);
    CHECK(says(outcome.err, "rank 1"));
    CHECK(says(outcome.err, "signal 9"));
    CHECK(eventually([&] { return ::kill(other, 0) != 0; }));  // gone
  }
  const auto left = kept_snapshots(result);
  REQUIRE(!left.empty());
  for (const auto& snapshot : left) CHECK_NOTHROW(lstmlib::io::read_npz(snapshot));
  const std::size_t epochs = log_of(result).size() + 2;
  REQUIRE(
      run_together(1, training(data, folder / "whole", static_cast<int>(epochs)), folder / "work").status ==
      0);
  const auto whole = log_of(folder / "whole");
  for (const int processes : {1, 2, 4}) {
    CAPTURE(processes);
    const fs::path resumed = folder / std::to_string(processes);
    const Outcome outcome = run_together(
        processes, training(data, resumed, static_cast<int>(epochs)) + " --resume " + left.front().string(),
        folder / "work");
    CAPTURE(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(says_once(outcome.err, "Resuming from"));
    const auto log = log_of(resumed);
    REQUIRE(log.size() == epochs);
    CHECK(std::abs(log.back()["main/loss"].get<double>() - whole.back()["main/loss"].get<double>()) < 1e-4);
  }
}

TEST_CASE("processes: the newest snapshot is found by the first, for all") {
  const fs::path folder = scratch("processes_newest"), data = films_in(folder), result = folder / "result";
  {
    Together together(2, training(data, result, 5000), folder / "work");
    REQUIRE(eventually([&] { return !kept_snapshots(result).empty(); }));
    ::kill(together.process(0), SIGKILL);
    CHECK(together.wait().status != 0);
  }
  const std::size_t epochs = log_of(result).size() + 1;
  const Outcome outcome =
      run_together(3, training(data, result, static_cast<int>(epochs)) + " --resume", folder / "work");
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(says_once(outcome.err, "Resuming from"));
  CHECK(log_of(result).size() == epochs);
}

TEST_CASE("processes: one starts late") {
  const fs::path folder = scratch("processes_late"), data = films_in(folder), result = folder / "result";
  const Outcome outcome =
      run_together(2, training(data, result, 1), folder / "work", "[ $rank != 1 ] || sleep 3");
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(log_of(result).size() == 1);
}

TEST_CASE("processes: other data, another program or other settings in one are refused at the start") {
  const fs::path folder = scratch("processes_differ"), data = films_in(folder), result = folder / "result";
  fs::copy(data, folder / "other", fs::copy_options::recursive);
  fs::copy(data / "test/test.npz", folder / "other/train/train.npz", fs::copy_options::overwrite_existing);
  const auto refused = [&](const std::string& before, const std::string& what) {
    const Outcome outcome = run_together(3, training(data, result, 1), folder / "work", before);
    CAPTURE(outcome.err);
    CHECK(outcome.status != 0);
    CHECK(says_once(outcome.err, "sentiment: " + what + " is not the same in all processes: rank 0 of 3"));
    CHECK(says(outcome.err, "rank 2 of 3 (on "));
    CHECK(!fs::exists(result));
  };
  refused(exchange_option(2, (data / "train").string(), (folder / "other/train").string()),
          "what is trained, or its data,");
  refused(exchange_option(2, "--num-units 12", "--num-units 20"), "what is trained, or its data,");
  refused("[ $rank != 2 ] || { program=" + (folder / "program").string() +
              "; cp " SENTIMENT_PROGRAM " $program; echo >>$program; }",
          "the program");
}

TEST_CASE("processes: a file that one cannot read ends all with one line that names it") {
  const fs::path folder = scratch("processes_unreadable"), data = films_in(folder),
                 result = folder / "result";
  const Outcome outcome = run_together(2, training(data, result, 1), folder / "work",
                                       exchange_option(1, (data / "test").string(), "/no/such/folder"));
  CAPTURE(outcome.err);
  CHECK(outcome.status != 0);
  CHECK(says_once(outcome.err, "sentiment: rank 1 of 2 (on "));
  const Outcome same =
      run_together(2, training(data, result, 1) + " --model-type cnn --precision bf16", folder / "work");
  CHECK(says_once(same.err, "sentiment: precision bf16: a model of type cnn supports only fp32"));
  CHECK(says(outcome.err, "/no/such/folder"));
  CHECK(!fs::exists(result));
}

#endif

}  // namespace
}  // namespace sentiment::test
