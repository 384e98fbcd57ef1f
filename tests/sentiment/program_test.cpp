// SPDX-License-Identifier: MIT
// The program as its users meet it: the whole pipeline, what it refuses, how it stops and resumes.
#include "sentiment/data/file.hpp"
#include "lstmlib/io/npz.hpp"
#include "sentiment/program.hpp"
#include "support.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

using namespace lstmlib;
using sentiment::read_text;
using sentiment::write_text;
using sentiment::test::check_refused;
using sentiment::test::eventually;
using sentiment::test::Outcome;
using sentiment::test::Program;
using sentiment::test::run;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Sixty sentences that any model tells apart, and their prepared form below `folder`.
fs::path prepared_data(const fs::path& folder) {
  std::string text;
  const char* good[] = {"a warm and funny film", "sharp , moving and wise", "the best of the year"};
  const char* bad[] = {"a dull and clumsy film", "stale , noisy and long", "the worst of the year"};
  for (int i = 0; i < 30; ++i) {
    text += std::string("1 ") + good[i % 3] + (i % 2 ? " indeed" : "") + "\n";
    text += std::string("0 ") + bad[i % 3] + (i % 2 ? " indeed" : "") + "\n";
  }
  write_text(folder / "raw.train", text);
  write_text(folder / "raw.test", text.substr(0, text.size() / 2));
  const Outcome made = run(
      {"prepare", "--train", folder / "raw.train", "--test", folder / "raw.test", "--out", folder / "data"},
      folder / "prepare");
  CAPTURE(made.err);
  REQUIRE(made.status == 0);
  return folder / "data";
}

/// Small and quick, for tests that ask nothing of the model.
const std::vector<std::string> small{"--num-units", "8", "--batch-size", "16"};

std::vector<std::string> train_arguments(const fs::path& data, const fs::path& result,
                                         const std::string& epochs) {
  return {"train",           "--train",      data / "train", "--test",         data / "test",
          "--vocab",         data / "vocab", "--model-dir",  result / "model", "--output-data-dir",
          result / "output", "--epochs",     epochs,         "--seed",         "5"};
}

bool is_png(const fs::path& file) { return read_text(file).rfind("\x89PNG", 0) == 0; }

std::vector<fs::path> snapshots(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().filename().string().rfind("snapshot_", 0) == 0) found.push_back(entry.path());
  return found;
}

}  // namespace

TEST_CASE("program: help teaches, version is one line, both end with 0") {
  const fs::path folder = lstmlib::test::scratch("program_help");
  CHECK(run({"--version"}, folder).out.rfind("sentiment ", 0) == 0);
  for (const char* command : {"run", "prepare", "train", "evaluate", "predict", "inspect", "datasets"}) {
    CAPTURE(command);
    const Outcome help = run({command, "--help"}, folder);
    CHECK(help.status == 0);
    CHECK(help.out.find("sentiment ") != std::string::npos);
    CHECK(help.err.empty());
  }
}

TEST_CASE("program: a wrong command line ends with 2 and one line that helps") {
  const fs::path folder = lstmlib::test::scratch("program_usage");
  check_refused(run({}, folder), 2, "--help");
  check_refused(run({"trian"}, folder), 2, "trian");
  const auto train = [&](const std::vector<std::string>& more) {
    return run(joined({"train", "--train", "a", "--test", "b", "--vocab", "c", "--model-dir", "d",
                       "--output-data-dir", "e"},
                      more),
               folder);
  };
  check_refused(train({"--epcohs", "3"}), 2, "did you mean --epochs?");
  check_refused(train({"--epochs", "0"}), 2, "--epochs");
  check_refused(train({"--epochs", "-1"}), 2, "--epochs");
  check_refused(train({"--num-units", "99999999999999999999"}), 2, "--num-units");
  check_refused(train({"--num_units", "0"}), 2, "--num-units");
  check_refused(train({"--batch-size", "many"}), 2, "--batch-size");
  check_refused(train({"--dropout", "1"}), 2, "--dropout");
  check_refused(train({"--model-type", "gpt"}), 2, "--model-type");
  check_refused(run({"train"}, folder), 2, "--train");
  check_refused(run({"predict", "--model-dir", "x", "--format", "xml"}, folder), 2, "--format");
}

TEST_CASE("program: without network the pipeline runs on the bundled corpus and says so") {
  const fs::path folder = lstmlib::test::scratch("program_run"), out = folder / "result";
  const Outcome done =
      run({"run", "--out", out, "--epochs", "2", "--num-units", "16", "--seed", "1"}, folder);
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  CHECK(done.err.find("corpus") != std::string::npos);
  const auto files = [&](const char* name) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(out))
      if (entry.path().filename() == name) found.push_back(entry.path());
    return found;
  };
  for (const char* name :
       {"my_model.npz", "vocab.json", "args.json", "log", "train.npz", "test.npz", "dev.npz", "vocab.npy"}) {
    CAPTURE(name);
    CHECK(files(name).size() == 1);
  }
  for (const char* name : {"loss.png", "accuracy.png"}) {
    REQUIRE(files(name).size() == 1);
    CHECK(is_png(files(name)[0]));
  }
  CHECK(files("best_model.npz").empty());
  CHECK(std::count(done.out.begin(), done.out.end(), '\n') >= 3);  // predictions

  SUBCASE("an existing run is not overwritten") {
    const Outcome again = run({"run", "--out", out, "--epochs", "1", "--num-units", "16"}, folder);
    check_refused(again, 1, "--force");
    CHECK(run({"run", "--out", out, "--epochs", "1", "--num-units", "16", "--force"}, folder).status == 0);
  }
}

TEST_CASE("program: train, evaluate, predict and inspect agree with each other") {
  const fs::path folder = lstmlib::test::scratch("program_pipeline"), data = prepared_data(folder),
                 result = folder / "result";
  const Outcome trained =
      run(joined(train_arguments(data, result, "12"), {"--num-units", "32", "--batch-size", "4", "--dropout",
                                                       "0", "--json-summary", folder / "summary.json"}),
          folder);
  CAPTURE(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(snapshots(result / "output").empty());
  CHECK_FALSE(fs::exists(result / "output/best_model.npz"));
  const auto log = nlohmann::json::parse(read_text(result / "output/log"));
  REQUIRE(log.size() == 12);
  for (const char* key : {"main/loss", "main/accuracy", "validation/main/loss", "validation/main/accuracy",
                          "epoch", "iteration", "elapsed_time"})
    CHECK(log[11].contains(key));
  const auto summary = nlohmann::json::parse(read_text(folder / "summary.json"));
  CHECK(summary.at("seed") == 5);

  const std::string model = result / "model";
  const auto evaluated =
      run({"evaluate", "--model-dir", model, "--test", folder / "raw.test", "--json"}, folder);
  REQUIRE(evaluated.status == 0);
  const auto evaluation = nlohmann::json::parse(evaluated.out);
  CHECK(evaluation.at("accuracy") == 1.0);
  CHECK(evaluation.at("total") == 31);
  CHECK(summary.at("test_correct") == evaluation.at("correct"));
  const auto prepared =
      run({"evaluate", "--model-dir", model, "--test", data / "test/test.npz", "--json"}, folder);
  CHECK(prepared.out == evaluated.out);

  const std::string input =
      "a warm and funny film\n\nA DULL , and\tclumsy \"film\"\r\nlast line without an end";
  const auto text = run({"predict", "--model-dir", model}, folder, input);
  REQUIRE(text.status == 0);
  CHECK(std::count(text.out.begin(), text.out.end(), '\n') == 4);
  CHECK(text.out.rfind("1\t0.", 0) == 0);
  CHECK(text.out.find("\ta dull , and clumsy \"film\"\n") != std::string::npos);
  const auto json = run({"predict", "--model-dir", model, "--format", "json"}, folder, input);
  std::istringstream lines(json.out);
  std::vector<nlohmann::json> objects;
  for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
  REQUIRE(objects.size() == 4);
  CHECK(objects[0].at("prediction") == 1);
  CHECK(objects[1].at("sentence") == "");
  CHECK(objects[2].at("prediction") == 0);
  const auto csv = run({"predict", "--model-dir", model, "--format", "csv"}, folder, input);
  CHECK(csv.out.find("\"a dull , and clumsy \"\"film\"\"\",0,0.") != std::string::npos);

  for (const char* precision : {"bf16", "int8"}) {
    const auto rough = run(
        {"evaluate", "--model-dir", model, "--test", folder / "raw.test", "--json", "--precision", precision},
        folder);
    CHECK(nlohmann::json::parse(rough.out).at("correct") == evaluation.at("correct"));
    CHECK(run({"predict", "--model-dir", model, "--precision", precision}, folder, input)
              .out.rfind("1\t0.", 0) == 0);
  }
  check_refused(run({"predict", "--model-dir", model, "--precision", "tf32"}, folder, input), 2,
                "--precision");

  const auto inspected = run({"inspect", "--json", result / "model/my_model.npz"}, folder);
  REQUIRE(inspected.status == 0);
  const auto arrays = nlohmann::json::parse(inspected.out).at("arrays");
  CHECK(arrays.size() == 19);
  check_refused(run({"evaluate", "--model-dir", model, "--test", folder / "stdin"}, folder, "1"), 1, "stdin");
}

TEST_CASE("program: text is read by one rule in all commands") {
  const fs::path folder = lstmlib::test::scratch("program_text");
  const fs::path model = lstmlib::test::fixtures() / "models/rnn";
  const auto predicted = [&](const std::string& input, std::vector<std::string> options = {}) {
    std::vector<std::string> arguments{"predict", "--model-dir", model};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments, folder, input);
  };
  const auto plain = predicted("word1 word2\nword3\nword4 caf\u00e9\n");
  REQUIRE(plain.status == 0);
  CHECK(plain.err.empty());
  CHECK(std::count(plain.out.begin(), plain.out.end(), '\n') == 3);
  CHECK(predicted("\ufeffword1 word2\rword3\r\nword4 caf\u00e9").out == plain.out);
  const auto latin1 = predicted("word1 word2\nword3\nword4 caf\xe9\n", {"--encoding", "latin-1"});
  CHECK(latin1.out == plain.out);
  CHECK(latin1.err.empty());
  const auto dropped = predicted("word1 word2\nword3\nword4 caf\xe9\n");
  CHECK(dropped.status == 0);
  CHECK(dropped.err ==
        "sentiment: standard input: 1 byte is not UTF-8 and was skipped, the first in line 3; --encoding "
        "latin-1 or "
        "cp1252 may read them; --strict refuses them\n");
  check_refused(predicted("word1\nword4 caf\xe9\n", {"--strict"}), 1,
                "standard input:2: the byte \\xe9 is not UTF-8");
  check_refused(predicted("\xff\xfew"), 1, "is UTF-16");

  write_text(folder / "raw.train", "\ufeff1 good caf\xe9\r0 bad\r");
  for (const bool strict : {false, true}) {
    std::vector<std::string> arguments{
        "prepare", "--train", folder / "raw.train", "--test", folder / "raw.train", "--out", folder / "data"};
    if (strict) arguments.push_back("--strict");
    const auto prepared = run(arguments, folder);
    CHECK(prepared.status == (strict ? 1 : 0));
    CHECK(prepared.err.find(strict ? "raw.train:1: the byte \\xe9" : "raw.train: 1 byte is not UTF-8") !=
          std::string::npos);
  }
  const auto evaluated =
      run({"evaluate", "--model-dir", model, "--test", folder / "raw.train", "--json"}, folder);
  CHECK(evaluated.status == 0);
  CHECK(nlohmann::json::parse(evaluated.out).at("total") == 2);
  CHECK(evaluated.err.find("raw.train: 1 byte is not UTF-8") != std::string::npos);
}

TEST_CASE("program: files are known by their content, and a snapshot in place of a model by its keys") {
  const fs::path folder = lstmlib::test::scratch("program_content");
  const fs::path model = lstmlib::test::fixtures() / "models/rnn";
  io::Archive data;
  data.add("data", io::Array::from(std::vector<std::int32_t>{1, 0, 1, 0}, {2, 2}));
  data.add("labels", io::Array::from(std::vector<std::int32_t>{0, 1}, {2, 1}));
  io::write_npz(folder / "X.NPZ", data);
  io::write_npy(folder / "x.npy", data.at("labels"));
  const auto evaluated =
      run({"evaluate", "--model-dir", model, "--test", folder / "X.NPZ", "--json"}, folder);
  CHECK(evaluated.status == 0);
  check_refused(run({"evaluate", "--model-dir", model, "--test", folder / "x.npy"}, folder), 1,
                "x.npy: is an .npy file; expected text");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_refused(run({"inspect", folder / "pipe"}, folder), 1, "pipe: is not a regular file");

  const fs::path snapshot = folder / "snapshot";
  fs::create_directories(snapshot);
  for (const char* name : {"args.json", "vocab.json"}) fs::copy_file(model / name, snapshot / name);
  io::Archive keys;
  for (const auto& entry : io::read_npz(model / "my_model.npz"))
    keys.add("updater/model:main/" + entry.name, entry.array);
  io::write_npz(snapshot / "my_model.npz", keys);
  check_refused(
      run({"predict", "--model-dir", snapshot}, folder, "a film"), 1,
      "this is a snapshot of a training run; the model is in updater/model:main/: give predict and evaluate "
      "--path updater/model:main/");
  const auto taken =
      run({"predict", "--model-dir", snapshot, "--path", "updater/model:main/"}, folder, "a film");
  CHECK(taken.status == 0);
  CHECK(taken.out == run({"predict", "--model-dir", model}, folder, "a film").out);
}

TEST_CASE("program: results that cannot be written end with 1 and one line") {
  const fs::path folder = lstmlib::test::scratch("program_full");
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"datasets"}, {"prepare", "--dataset", "films", "--out", folder / "data"}, {"--help"}}) {
    Program program(arguments, folder, {}, "/dev/full");
    const int status = program.wait();
    check_refused({status, {}, program.err()}, 1, "standard output: cannot write");
  }
}

TEST_CASE("program: a disk that is full ends training with 1 and one line, and no half of a file stays") {
  const fs::path folder = lstmlib::test::scratch("program_disk");
  const fs::path data = prepared_data(folder);
  // A limit on the size of files stands for the full disk: to the program both are a write that fails.
  const auto limited = [&](rlim_t bytes, const std::string& result) {
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit limit = before;
    limit.rlim_cur = bytes;
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const Outcome outcome =
        run(joined(train_arguments(data, folder / result, "2"), {"--num-units", "64", "--quiet"}),
            folder / "work");
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_DFL);
    return outcome;
  };
  for (const rlim_t bytes : {2000u, 40'000u, 200'000u}) {
    const std::string result = "limit_" + std::to_string(bytes);
    check_refused(limited(bytes, result), 1, result);
    for (const auto& entry : fs::recursive_directory_iterator(folder / result))
      if (entry.is_regular_file()) {
        CAPTURE(entry.path().string());
        const auto name = entry.path().filename().string();
        CHECK(name.find("tmp") == std::string::npos);
        if (entry.path().extension() == ".npz" || name.starts_with("snapshot_"))
          CHECK_NOTHROW(io::read_npz(entry.path()));
      }
  }
}

TEST_CASE("program: character models train and predict") {
  const fs::path folder = lstmlib::test::scratch("program_characters");
  prepared_data(folder);
  const Outcome prepared = run({"prepare", "--train", folder / "raw.train", "--test", folder / "raw.test",
                                "--out", folder / "chars", "--char-based"},
                               folder);
  REQUIRE(prepared.status == 0);
  const Outcome trained = run(joined(train_arguments(folder / "chars", folder / "result", "1"),
                                     {"--char-based", "--model-type", "cnn", "--num-units", "9"}),
                              folder);
  CAPTURE(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(read_text(folder / "result/model/args.json").find("\"char_based\": true") != std::string::npos);
  CHECK(run({"predict", "--model-dir", folder / "result/model"}, folder, "ab c\n").out.find("\ta b   c\n") !=
        std::string::npos);
}

TEST_CASE("program: equal seeds give equal models, other seeds others") {
  const fs::path folder = lstmlib::test::scratch("program_seed"), data = prepared_data(folder);
  const auto model = [&](const std::string& seed, const char* name) {
    auto arguments = train_arguments(data, folder / name, "2");
    arguments.back() = seed;
    arguments = joined(arguments, small);
    REQUIRE(run(arguments, folder / "work").status == 0);
    return read_text(folder / name / "model/my_model.npz");
  };
  const std::string first = model("1", "a");
  CHECK(model("1", "b") == first);
  CHECK(model("2", "c") != first);
}

TEST_CASE("program: killed at any time and resumed, it ends with the same bits") {
  const fs::path folder = lstmlib::test::scratch("program_kill"), data = prepared_data(folder);
  REQUIRE(run(joined(train_arguments(data, folder / "whole", "16"), small), folder / "work").status == 0);
  const std::string expected = read_text(folder / "whole/model/my_model.npz");
  for (int round = 0; round < 2; ++round) {
    const fs::path result = folder / ("killed_" + std::to_string(round));
    const auto arguments = joined(joined(train_arguments(data, result, "16"), small), {"--resume", "auto"});
    {
      Program program(arguments, folder / "work");
      REQUIRE(eventually([&] { return snapshots(result / "output").size() > 0; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(37 * round));
      program.send(SIGKILL);
      program.wait();
    }
    const Outcome resumed = run(arguments, folder / "work");
    CAPTURE(resumed.err);
    REQUIRE(resumed.status == 0);
    CHECK(read_text(result / "model/my_model.npz") == expected);
    CHECK(nlohmann::json::parse(read_text(result / "output/log")).size() == 16);
  }
}

TEST_CASE(
    "program: Ctrl-C finishes the iteration, keeps a snapshot and says how to go on; SIGTERM likewise") {
  const fs::path folder = lstmlib::test::scratch("program_signal"), data = prepared_data(folder);
  REQUIRE(run(joined(train_arguments(data, folder / "whole", "24"), small), folder / "work").status == 0);
  for (const auto& [signal, status] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    const fs::path result = folder / ("stopped_" + std::to_string(status));
    Program program(joined(train_arguments(data, result, "24"), small), folder / "work");
    REQUIRE(eventually([&] { return snapshots(result / "output").size() > 0; }));
    program.send(signal);
    CHECK(program.wait() == status);
    CHECK(program.err().find("--resume") != std::string::npos);
    CHECK(snapshots(result / "output").size() > 0);
    CHECK(fs::exists(result / "model/my_model.npz"));
    const Outcome resumed =
        run(joined(joined(train_arguments(data, result, "24"), small), {"--resume"}), folder / "work");
    CHECK(resumed.status == 0);
    CHECK(read_text(result / "model/my_model.npz") == read_text(folder / "whole/model/my_model.npz"));
  }
}

TEST_CASE("program: data that cannot be used is refused with one line, and nothing is written") {
  const fs::path folder = lstmlib::test::scratch("program_data");
  const auto prepare = [&](const std::string& train,
                           const std::string& test = "0 fine words\n1 other words\n") {
    write_text(folder / "train.txt", train);
    write_text(folder / "test.txt", test);
    return run(
        {"prepare", "--train", folder / "train.txt", "--test", folder / "test.txt", "--out", folder / "out"},
        folder / "work");
  };
  check_refused(prepare(""), 1, "train.txt");
  check_refused(prepare("0\n1\n"), 1, "train.txt");
  check_refused(prepare("good a film\n"), 1, "train.txt");
  check_refused(prepare("1.5 a film\n"), 1, "train.txt");
  check_refused(prepare("0 a film\n2 another film\n"), 1, "class");
  check_refused(prepare("0 a film\n1 another film\n", "7 a film\n"), 1, "test.txt");
  check_refused(run({"prepare", "--dataset", "imbd", "--out", folder / "out"}, folder / "work"), 2, "imbd");
  check_refused(
      run({"prepare", "--train", "/no/such/file", "--test", "/no/such/file", "--out", folder / "out"},
          folder / "work"),
      1, "/no/such/file");
  CHECK_FALSE(fs::exists(folder / "out/train/train.npz"));

  const fs::path data = prepared_data(folder / "fine");
  write_text(folder / "file", "x");
  check_refused(
      run(joined(joined(train_arguments(data, folder / "file", "1"), small), {"--quiet"}), folder / "work"),
      1, "file");
  write_text(data / "vocab/vocab.npy", "nonsense");
  check_refused(
      run(joined(joined(train_arguments(data, folder / "r", "1"), small), {"--quiet"}), folder / "work"), 1,
      "vocab.npy");
  CHECK_FALSE(fs::exists(folder / "r/model/my_model.npz"));
  check_refused(run({"predict", "--model-dir", folder / "none"}, folder / "work"), 1, "args.json");
  check_refused(run({"inspect", folder / "file"}, folder / "work"), 1, "file");
}

TEST_CASE("program: invalid UTF-8 and a line of 100,000 words are text like any other") {
  const fs::path folder = lstmlib::test::scratch("program_odd");
  std::string line = "1 ";
  for (int i = 0; i < 100'000; ++i) line += "word ";
  write_text(folder / "train.txt", line + "\n0 caf\xe9 \xff\xfe film\n1 a film\n0 a film\n");
  write_text(folder / "test.txt", "0 a film\n1 word\n");
  const Outcome prepared = run(
      {"prepare", "--train", folder / "train.txt", "--test", folder / "test.txt", "--out", folder / "data"},
      folder / "work");
  CAPTURE(prepared.err);
  REQUIRE(prepared.status == 0);
  CHECK(
      run(joined(train_arguments(folder / "data", folder / "result", "1"), small), folder / "work").status ==
      0);
  CHECK(run({"predict", "--model-dir", folder / "result/model"}, folder / "work", line + "\n").status == 0);
}

TEST_CASE("program: no command takes an address for a path") {
  const fs::path folder = lstmlib::test::scratch("program_addresses");
  fs::create_directories(folder / "run");
  const std::vector<std::vector<std::string>> commands{
      {"run", "--out"},
      {"run", "--data"},
      {"run", "--json-summary"},
      {"local", "--out"},
      {"local", "--data"},
      {"prepare", "--dataset", "films", "--out"},
      {"prepare", "--dataset", "films", "--data"},
      {"prepare", "--test", "t", "--train"},
      {"prepare", "--train", "t", "--test"},
      {"prepare", "--train", "t", "--test", "t", "--dev"},
      {"train", "--test", "d", "--vocab", "d", "--model-dir", "m", "--output-data-dir", "o", "--train"},
      {"train", "--train", "d", "--vocab", "d", "--model-dir", "m", "--output-data-dir", "o", "--test"},
      {"train", "--train", "d", "--test", "d", "--model-dir", "m", "--output-data-dir", "o", "--vocab"},
      {"train", "--train", "d", "--test", "d", "--vocab", "d", "--output-data-dir", "o", "--model-dir"},
      {"train", "--train", "d", "--test", "d", "--vocab", "d", "--model-dir", "m", "--output-data-dir"},
      {"evaluate", "--test", "t", "--model-dir"},
      {"evaluate", "--model-dir", "m", "--test"},
      {"predict", "--model-dir"},
      {"predict", "--model-dir", "m"},
      {"serve", "--model-dir"},
      {"inspect"},
      {"datasets", "--data"},
      {"download", "--uri", "s3://films/k", "--output"},
      {"upload", "--bucket", "films", "--test", "d", "--vocab", "d", "--train"},
      {"upload", "--bucket", "films", "--train", "d", "--vocab", "d", "--test"},
      {"upload", "--bucket", "films", "--train", "d", "--test", "d", "--vocab"},
      {"cloud", "run", "--image", "i", "--role", "R", "--out"},
      {"cloud", "run", "--image", "i", "--role", "R", "--data"}};
  for (const auto& command : commands)
    for (const char* address : {"s3://films/x", "S3://films", "s3:/films/x", "file:///tmp/x"}) {
      auto words = command;
      words.emplace_back(address);
      CAPTURE(words);
      check_refused(run(words, folder / "run"), 2,
                    "'" + std::string(address) + "' is an address, expected a path on this machine");
    }
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    CHECK(entry.path().filename().string().find(':') == std::string::npos);
  check_refused(run({"datasets"}, folder / "run", "", {{"LSTMLIB_DATASET_ROOT", "s3://films/x"}}), 1,
                "LSTMLIB_DATASET_ROOT is s3://films/x, expected a folder on this machine");
  for (const char* seed : {"-1", "18446744073709551616", "1.0", "0x1"})
    check_refused(run({"prepare", "--dataset", "films", "--seed", seed}, folder / "run"), 2,
                  "--seed: '" + std::string(seed) + "' is not a whole number from 0 to 18446744073709551615");
}
