// SPDX-License-Identifier: MIT
// The notebook on this machine: every step happens, and nothing stays behind, however it ends.
#include "sentiment/cloud/local/bucket.hpp"
#include "sentiment/cloud/local/progress_reporter.hpp"
#include "served.hpp"
#include "support.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iterator>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;

namespace {

/// Processes whose environment names this folder: its jobs and endpoints.
int processes_of(const fs::path& folder) {
  int count = 0;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    std::ifstream file(process.path() / "environ");
    const std::string variables(std::istreambuf_iterator<char>(file), {});
    if (variables.find("SAGEMAKER_BASE_DIR=" + folder.string()) != std::string::npos) ++count;
  }
  return count;
}

/// What is directly in a folder, hidden ones too.
std::vector<std::string> sorted_names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> arguments(const fs::path& out, const std::vector<std::string>& more) {
  std::vector<std::string> all{"local", "--dataset", "films", "--num-units", "8", "--out", out.string()};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void check_nothing_left(const fs::path& out) {
  CHECK(processes_of(out) == 0);
  for (const auto& name : sorted_names_in(out)) CHECK_MESSAGE((name == "s3" || name == "output"), name);
}

}  // namespace

TEST_CASE("local: the folder that stands for S3") {
  const fs::path folder = lstmlib::test::scratch("local_bucket");
  const local::Bucket bucket(folder / "s3", "b");
  write_text(folder / "data/deep/file", "x");
  CHECK(bucket.upload(folder / "data", "p/train") == "s3://b/p/train");
  CHECK(read_text(folder / "s3/b/p/train/deep/file") == "x");
  bucket.download("s3://b/p/train", folder / "back");
  CHECK(read_text(folder / "back/deep/file") == "x");
  CHECK_THROWS_AS(bucket.file("s3://other/key"), lstmlib::Error);
  CHECK_THROWS_AS(bucket.download("s3://b/nothing", folder / "back"), lstmlib::FileError);
}

TEST_CASE("local: numbers as bars") {
  CHECK(local::sparkline({}) == "");
  CHECK(local::sparkline({1, 1}) == "▁▁");
  CHECK(local::sparkline({0, 0.5, 1}) == "▁▅█");
}

TEST_CASE("local: all steps of the notebook, in its order, and nothing stays running") {
  const fs::path folder = lstmlib::test::scratch("local_whole"), out = folder / "out";
  Process process(folder, arguments(out, {"--epochs", "2", "--seed", "3"}));
  const int status = process.wait();
  const std::string err = process.err(), results = process.out();
  CAPTURE(err);
  REQUIRE(status == 0);
  std::size_t at = 0;
  for (const char* part :
       {"1/8", "2/8", "3/8", "batch-size 64, epochs 2, num-units 8, seed 3", "Starting", "Downloading",
        "Training", "algo-1 | epoch ", "Uploading", "Completed", "4/8", "5/8", "6/8", "Creating",
        "InService - http://127.0.0.1:", "7/8", "8/8", "Deleted"}) {
    CAPTURE(part);
    at = err.find(part, at);
    REQUIRE(at != std::string::npos);
  }
  CHECK_FALSE(says(err, "\033"));  // not a terminal

  const auto lines = std::count(results.begin(), results.end(), '\n');
  CHECK(lines > 20 + 3 + 2 + 3 + 4 + 3);
  CHECK(says(results, "\ns3://sagemaker-local-000000000000/notebook/chainer_sentiment/train\n"));
  CHECK(says(results, "/output/output.tar.gz\n"));
  CHECK(says(results, "validation/main/accuracy"));
  CHECK(says(results, "\ta warm and funny film with a heart as big as its cast .\n"));
  CHECK(sorted_names_in(out) == std::vector<std::string>{"output", "s3"});
  CHECK(sorted_names_in(out / "output") == std::vector<std::string>{"accuracy.png", "log", "loss.png"});
  CHECK(Json::parse(read_text(out / "output/log")).size() == 2);
  check_nothing_left(out);

  Process again(folder, arguments(out, {"--epochs", "1"}));
  CHECK(again.wait() == 1);
  CHECK(says(again.err(), "--force"));
  Process forced(folder, arguments(out, {"--epochs", "1", "--force"}));
  CHECK(forced.wait() == 0);
  CHECK(Json::parse(read_text(out / "output/log")).size() == 1);
}

TEST_CASE("local: a job that fails says why, and nothing stays") {
  const fs::path folder = lstmlib::test::scratch("local_failure"), out = folder / "out";
  Process process(folder, arguments(out, {"--device", "nonsense"}));
  CHECK(process.wait() == 1);
  CAPTURE(process.err());
  CHECK(says(process.err(), "Failed - "));
  CHECK(says(process.err(), "failed: "));
  CHECK(says(process.err(), "nonsense"));
  check_nothing_left(out);
}

TEST_CASE("local: Ctrl-C and SIGTERM stop the job in order, and nothing stays") {
  for (const auto& [signal, expected] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    const fs::path folder = lstmlib::test::scratch("local_stopped"), out = folder / "out";
    Process process(folder, arguments(out, {"--epochs", "100000"}));
    for (int i = 0; i < 6000 && !says(process.err(), "algo-1 | 1 "); ++i) std::this_thread::sleep_for(5ms);
    CHECK(processes_of(out) == 1);
    process.send(signal);
    CHECK(process.wait() == expected);
    CAPTURE(process.err());
    CHECK(says(process.err(), "Stopped - "));
    CHECK(says(process.err(), "nothing is left running"));
    check_nothing_left(out);
    bool packed = false;
    for (const auto& entry : fs::recursive_directory_iterator(out / "s3"))
      packed = packed || entry.path().filename() == "model.tar.gz";
    CHECK(packed);
  }
}

TEST_CASE("local: killed, its job does not outlive it") {
  const fs::path folder = lstmlib::test::scratch("local_killed"), out = folder / "out";
  Process process(folder, arguments(out, {"--epochs", "100000"}));
  for (int i = 0; i < 6000 && processes_of(out) == 0; ++i) std::this_thread::sleep_for(5ms);
  process.send(SIGKILL);
  CHECK(process.wait() == 128 + SIGKILL);
  for (int i = 0; i < 2000 && processes_of(out) > 0; ++i) std::this_thread::sleep_for(5ms);
  CHECK(processes_of(out) == 0);
}
