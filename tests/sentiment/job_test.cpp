// SPDX-License-Identifier: MIT
// `train` as a training job: what it takes from the container, what it leaves there, how it stops and goes
// on.
#include "sentiment/data/prepare.hpp"
#include "sentiment/training/job/config.hpp"
#include "sentiment/training/job/container.hpp"
#include "served.hpp"

#include "lstmlib/io/npz.hpp"
#include "lstmlib/io/utf8.hpp"
#include "support.hpp"

#include <signal.h>

#include <algorithm>
#include <map>
#include <set>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
namespace job = sentiment::job;

namespace {

/// Prepared data that any model learns; the second kind has other sentences.
const fs::path& prepared(bool other = false) {
  static const auto make = [](const std::string& name, const std::string& more) {
    const fs::path folder = lstmlib::test::scratch(name);
    std::string text;
    for (std::size_t i = 0; i < 24; ++i) {
      text += "1 a warm and funny film" + std::string(i % 3, '!') + more + "\n";
      text += "0 a dull and clumsy film" + std::string(i % 4, '?') + "\n";
    }
    write_text(folder / "raw", text);
    PrepareOptions options;
    options.train = options.test = folder / "raw";
    options.out = folder / "data";
    prepare(options);
    return folder / "data";
  };
  static const fs::path data = make("job_data", ""), others = make("job_other_data", " indeed");
  return other ? others : data;
}

struct Outcome {
  int status;
  std::string err;
};

/// A container's folders with all three channels, and runs of the program in it.
struct Container : job::Container {
  explicit Container(const std::string& name, const std::string& hyper = small) {
    root = lstmlib::test::scratch(name) / "ml";
    settings(hyper);
    write_text(channels(), R"({"train": {"TrainingInputMode": "File"}, "test": {"TrainingInputMode": "File"},
                               "vocab": {"TrainingInputMode": "File", "RecordWrapperType": "None"}})");
    write_text(resources(),
               R"({"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"})");
    for (const char* channel : {"train", "test", "vocab"}) give(channel);
    for (const fs::path& folder : {model(), output()}) fs::create_directories(folder);
  }
  void settings(const std::string& json) const { write_text(hyperparameters(), json); }
  void give(const std::string& channel, bool other = false) const {
    fs::remove_all(data(channel));
    fs::create_directories(data(channel));
    fs::copy(prepared(other) / channel, data(channel), fs::copy_options::recursive);
  }
  /// As on a new instance: only what the service brings.
  void move_to_new_instance() const {
    for (const fs::path& folder : {model(), output()}) {
      fs::remove_all(folder);
      fs::create_directories(folder);
    }
  }
  Variables environment(Variables more = {}) const {
    more.emplace_back("SAGEMAKER_BASE_DIR", root.string());
    return more;
  }
  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"train"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::vector<std::string>& more = {}, const Variables& variables = {}) const {
    Process process(root.parent_path() / "work", arguments(more), {}, environment(variables));
    const int status = process.wait();
    return {status, process.err()};
  }
  Json log() const { return Json::parse(read_text(output() / "log")); }
  Json args() const { return Json::parse(read_text(model() / "args.json")); }
  std::string weights() const { return read_text(model() / "my_model.npz"); }
  fs::path checkpoint() const { return checkpoints() / "checkpoint.npz"; }

  static constexpr const char* small =
      R"({"epochs": "2", "batch-size": "16", "num-units": "6", "seed": "5"})";
  static constexpr const char* longer =
      R"({"epochs": "12", "batch-size": "4", "num-units": "6", "seed": "5"})";
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

/// A failure as the service sees it: a status of its own, and the reason in output/failure, as on standard
/// error.
void check_failed(const Container& container, const Outcome& outcome, const std::string& part) {
  CAPTURE(part);
  CAPTURE(outcome.err);
  CHECK(outcome.status >= 1);
  CHECK(outcome.status <= 127);
  REQUIRE(fs::exists(container.failure()));
  const std::string reason = read_text(container.failure());
  CAPTURE(reason);
  CHECK(says(reason.substr(0, 1024), part));
  CHECK(lstmlib::io::is_utf8(reason));
  CHECK(says(outcome.err, "sentiment: " + reason));
  CHECK_FALSE(fs::exists(container.model() / "my_model.npz"));
}

/// The log without what depends on the clock.
Json without_time(Json log) {
  for (auto& entry : log) entry.erase("elapsed_time");
  return log;
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i, std::this_thread::sleep_for(5ms))
    if (condition()) return true;
  return false;
}

}  // namespace

TEST_CASE("job: values of hyperparameters are texts, or JSON in texts") {
  const auto parse = [](const std::string& json) {
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : job::parse_hyperparameters(json, "h.json")) values[name] = value;
    return values;
  };
  using Values = std::map<std::string, std::string>;
  CHECK(parse(R"({"epochs": "10", "model-type": "rnn", "dropout": "0.40"})") ==
        Values{{"epochs", "10"}, {"model-type", "rnn"}, {"dropout", "0.40"}});
  CHECK(parse(R"({"model-type": "\"cnn\"", "bucket": "true", "epochs": 3, "x": "null", "y": null})") ==
        Values{{"model-type", "cnn"}, {"bucket", "true"}, {"epochs", "3"}});
  CHECK(parse(R"({"sagemaker_program": "\"train.py\"", "sagemaker_job_name": "j"})").empty());
  CHECK(parse(R"({"list": "[1, 2]", "dict": "{\"a\": 1}", "half": "[1, ", "empty": ""})") ==
        Values{{"list", "[1, 2]"}, {"dict", "{\"a\": 1}"}, {"half", "[1, "}, {"empty", ""}});
  CHECK(parse("{}").empty());
}

TEST_CASE("job: hostile configuration is refused with the file's name, whatever it holds") {
  const std::string deep(400'000, '['), nested = std::string(100'000, '[') + std::string(100'000, ']');
  const std::vector<std::string> bad{"",
                                     "[]",
                                     "null",
                                     "3",
                                     "{",
                                     "\"epochs\"",
                                     "{\"a\": [1]}",
                                     "{\"a\": {}}",
                                     deep,
                                     nested,
                                     "{\"a\": " + nested + "}",
                                     "{\"a\": \"\xff\"}",
                                     std::string("{\0}", 3),
                                     "{'a': 1}"};
  for (const auto& json : bad) {
    CAPTURE(json.substr(0, 40));
    CHECK_THROWS_WITH_AS(job::parse_hyperparameters(json, "h.json"), doctest::Contains("h.json: "),
                         lstmlib::FormatError);
  }
  CHECK(job::parse_hyperparameters("{\"a\": \"" + nested + "\"}", "h.json")[0].value ==
        nested);  // a text like another
  for (const char* json : {"[]", "{\"train\": 3}", "{\"train\": \"File\"}", "{\"train\": [{}]}", "nonsense"})
    CHECK_THROWS_WITH_AS(job::parse_channels(json, "c.json"), doctest::Contains("c.json: "),
                         lstmlib::FormatError);
  CHECK(job::parse_channels(R"({"train": {"TrainingInputMode": "Pipe"}, "x": {}})", "c.json")[0].pipe);
  for (const char* json :
       {"{}", "[]", "{\"hosts\": \"algo-1\"}", "{\"hosts\": [1]}", "{\"hosts\": {}}", "",
        R"({"hosts": ["a"], "current_host": 1})", R"({"hosts": ["a"], "network_interface_name": ["eth0"]})"})
    CHECK_THROWS_WITH_AS(job::parse_resources(json, "r.json"), doctest::Contains("r.json: "),
                         lstmlib::FormatError);
  const auto resources = job::parse_resources(
      R"({"hosts": ["a", "b"], "current_host": "b", "network_interface_name": null})", "r.json");
  CHECK(resources.hosts == std::vector<std::string>{"a", "b"});
  CHECK(resources.current_host == "b");
  CHECK(resources.network_interface.empty());
  const auto service = [](const std::string& json) {
    return job::service_setting(json, "h.json", "sagemaker_x");
  };
  CHECK(service(R"({"sagemaker_x": "\"4\""})") == "4");
  CHECK(service(R"({"sagemaker_x": "4"})") == "4");
  CHECK(service(R"({"sagemaker_x": 4})") == "4");
  CHECK_FALSE(service(R"({"sagemaker_x": "null"})"));
  CHECK_FALSE(service(R"({"sagemaker_x": [4], "y": 1})"));
  CHECK_FALSE(service("{}"));
  CHECK_THROWS_AS(job::parse_host_list("{\"a\": 1}", "SM_HOSTS"), lstmlib::FormatError);
}

TEST_CASE(
    "job: with the container's files alone it trains, and leaves the model and the output and nothing else") {
  for (const bool encoded : {false, true}) {
    CAPTURE(encoded);
    const Container container(
        "job_bare",
        encoded ? R"({"epochs": "3", "batch-size": "\"16\"", "num_units": "6", "model-type": "\"bow\"",
        "dropout": "0.25", "mystery": "\"x\"", "sagemaker_region": "\"us-west-2\""})"
                : R"({"epochs": "3", "batch-size": "16", "num_units": "6", "model-type": "bow",
        "dropout": "0.25", "mystery": "x", "sagemaker_region": "us-west-2"})");
    const Outcome done = container.run({}, {{"TRAINING_JOB_NAME", "the-job"}});
    CAPTURE(done.err);
    REQUIRE(done.status == 0);
    CHECK(container.args() == Json{{"num_classes", 2},
                                   {"model_type", "bow"},
                                   {"num_layers", 1},
                                   {"num_units", 6},
                                   {"dropout", 0.25}});
    CHECK(names_in(container.model()) == std::set<std::string>{"my_model.npz", "vocab.json", "args.json"});
    CHECK(names_in(container.output()) == std::set<std::string>{"log", "loss.png", "accuracy.png"});
    CHECK(container.log().size() == 3);
    CHECK_FALSE(fs::exists(container.failure()));
    CHECK_FALSE(fs::exists(container.checkpoints()));
    CHECK(says(done.err, "ignoring the unknown setting mystery\n"));
    CHECK_FALSE(says(done.err, "sagemaker_region"));
    CHECK(says(done.err, "the-job"));
  }
}

TEST_CASE(
    "job: the command line beats hyperparameters.json, which beats defaults; SM_* folders beat the "
    "container's") {
  const Container container("job_precedence",
                            R"({"epochs": "2", "batch-size": "16", "num-units": "6", "dropout": "0.1"})");
  const fs::path elsewhere = container.root.parent_path();
  REQUIRE(container.run({"--num-units", "4"}).status == 0);
  CHECK(
      container.args() ==
      Json{{"num_classes", 2}, {"model_type", "rnn"}, {"num_layers", 1}, {"num_units", 4}, {"dropout", 0.1}});
  CHECK(container.log().size() == 2);

  container.move_to_new_instance();
  fs::rename(container.data("train"), elsewhere / "train_folder");
  const Variables variables{{"SM_CHANNEL_TRAIN", elsewhere / "train_folder"},
                            {"SM_MODEL_DIR", elsewhere / "sm_model"},
                            {"SM_OUTPUT_DATA_DIR", elsewhere / "sm_output"}};
  REQUIRE(container.run({}, variables).status == 0);
  CHECK(names_in(container.model()).empty());
  CHECK(names_in(elsewhere / "sm_model").size() == 3);
  CHECK(names_in(elsewhere / "sm_output").count("log") == 1);
  REQUIRE(container.run({"--model-dir", elsewhere / "own_model"}, variables).status == 0);
  CHECK(names_in(elsewhere / "own_model").size() == 3);
}

TEST_CASE("job: a toolkit's command line, with its ways to write truth, None and what is unknown") {
  const Container container("job_toolkit",
                            R"({"epochs": "9", "mystery": "3", "sagemaker_program": "entry.sh"})");
  const Outcome done =
      container.run({"--batch-size", "16", "--bucket", "True",       "--char-based", "False", "--dev", "",
                     "--epochs",     "2",  "--list",   "['a', 'b']", "--mystery",    "-3",    "-n",    "1",
                     "--num_units",  "6",  "--truth",  "True"});
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  CHECK(container.log().size() == 2);
  CHECK_FALSE(container.args().contains("char_based"));
  for (const char* setting : {"--list ['a', 'b']", "--mystery -3", "-n 1", "--truth=True"}) {
    CAPTURE(setting);
    CHECK(says(done.err, std::string("ignoring the unknown setting ") + setting + "\n"));
  }
  CHECK_FALSE(says(done.err, "setting mystery"));  // once is enough
}

TEST_CASE(
    "job: variables of the toolkit alone make a job, but without a container there is no failure file") {
  const fs::path folder = lstmlib::test::scratch("job_variables");
  const Variables variables{
      {"SAGEMAKER_BASE_DIR", folder / "ml"},    {"SM_CHANNEL_TRAIN", prepared() / "train"},
      {"SM_CHANNEL_TEST", prepared() / "test"}, {"SM_CHANNEL_VOCAB", prepared() / "vocab"},
      {"SM_MODEL_DIR", folder / "model"},       {"SM_OUTPUT_DATA_DIR", folder / "output"}};
  const std::vector<std::string> words{"train", "--epochs", "1", "--num-units", "6", "--mystery", "1"};
  Process fine(folder / "work", words, {}, variables);
  CHECK(fine.wait() == 0);
  CHECK(names_in(folder / "model").size() == 3);
  Process wrong(folder / "work", {"train", "--epochs", "none"}, {}, variables);
  CHECK(wrong.wait() == 2);
  CHECK_FALSE(fs::exists(folder / "ml"));
}

TEST_CASE("job: each cause of a failure is named in output/failure") {
  const Container container("job_failure");
  const auto fails = [&](const std::string& part, const std::vector<std::string>& more = {},
                         const Variables& variables = {}) {
    check_failed(container, container.run(more, variables), part);
  };
  container.settings(R"({"epochs": "ten"})");
  fails("hyperparameters.json: epochs: ");
  container.settings(R"({"epochs": "10", "dropout": "[0.1]"})");
  fails("hyperparameters.json: dropout: ");
  container.settings(R"({"batch-size": "3", "batch_size": "4"})");
  fails("two spellings");
  container.settings("epochs=10");
  fails("hyperparameters.json: is not JSON");
  container.settings("{\"a\": \"" + std::string(1 << 20, 'x') + "\"}");
  fails("hyperparameters.json: ");
  container.settings(Container::small);
  fails("--epochs", {"--epochs", "0"});
  fails("SM_NUM_GPUS", {}, {{"SM_NUM_GPUS", "many"}});
#ifdef LSTMLIB_HAS_MPI
  fails("current host is \"algo-7\"", {},
        {{"SM_HOSTS", R"(["algo-1", "algo-2"])"}, {"SM_CURRENT_HOST", "algo-7"}});
  const fs::path no_key = lstmlib::test::scratch("job_no_key") / "key";
  fails(no_key.string(), {},
        {{"SM_HOSTS", R"(["algo-1", "algo-2"])"}, {"SENTIMENT_HOSTS_KEY", no_key.string()}});
#else
  fails("2 hosts", {}, {{"SM_HOSTS", R"(["algo-1", "algo-2"])"}});
#endif
  fails("SM_HOSTS", {}, {{"SM_HOSTS", "algo-1"}});
  fails("OMPI_COMM_WORLD_RANK", {}, {{"OMPI_COMM_WORLD_SIZE", "4"}});
  container.settings(R"({"sagemaker_mpi_num_of_processes_per_host": "none"})");
  fails("hyperparameters.json: sagemaker_mpi_num_of_processes_per_host is \"none\"");
  container.settings(Container::small);

  const std::string hosts = read_text(container.resources());
  write_text(container.resources(), R"({"current_host": "algo-2", "hosts": ["algo-1", "algo-2", "algo-3"]})");
#ifdef LSTMLIB_HAS_MPI
  fails(no_key.string(), {}, {{"SENTIMENT_HOSTS_KEY", no_key.string()}});
#else
  fails("3 hosts");
#endif
  write_text(container.resources(), hosts);
  const std::string channels = read_text(container.channels());
  write_text(container.channels(),
             R"({"test": {"TrainingInputMode": "Pipe"}, "train": {"TrainingInputMode": "File"}})");
  fails("channel test: its TrainingInputMode is Pipe");
  write_text(container.channels(), R"({"test": {"TrainingInputMode": "File"}})");
  fs::remove_all(container.data("train"));
  fails("channel train is missing");
  write_text(container.data("train") / "\xff.csv", "1,2");
  fails("channel train: no train.npz");
  write_text(container.data("train") / "train.npz", "nonsense");
  fails("train.npz");
  container.give("train");
  write_text(container.channels(), channels);
  write_text(container.data("vocab") / "vocab.npy", "nonsense");
  fails("vocab.npy");
  container.give("vocab");
  fs::remove_all(container.model());
  write_text(container.model(), "a file in place of the folder");
  fails("model");

  fs::remove_all(container.model());
  CHECK(container.run().status == 0);
  CHECK_FALSE(fs::exists(container.failure()));  // that of the runs before is gone
}

TEST_CASE("job: GPUs that are not there, or not used, are said") {
  const Container container("job_gpus");
  const Outcome none = container.run({}, {{"SM_NUM_GPUS", "0"}, {"SM_HOSTS", R"(["algo-1"])"}});
  CHECK(none.status == 0);
  CHECK_FALSE(says(none.err, "GPU"));
  const Outcome several = container.run({}, {{"SM_NUM_GPUS", "4"}});
  CHECK(several.status == 0);
  CHECK(says(several.err, "SM_NUM_GPUS is 4"));
}

TEST_CASE("job: a channel dev chooses the best model") {
  const Container container("job_dev");
  fs::create_directories(container.data("dev"));
  fs::copy_file(prepared() / "test/test.npz", container.data("dev") / "dev.npz");
  const Outcome done = container.run();
  CHECK(done.status == 0);
  CHECK(says(done.err, "of the dev sentences"));
}

TEST_CASE(
    "job: SIGTERM leaves the best model, log and checkpoint with status 0; a new instance goes on to the "
    "same bits") {
  const Container whole("job_whole", Container::longer);
  REQUIRE(whole.run().status == 0);
  const Container container("job_stopped", Container::longer);
  fs::create_directories(container.checkpoints());
  std::size_t done = 0;
  for (const int signal : {SIGTERM, SIGKILL, SIGTERM}) {
    CAPTURE(signal);
    container.move_to_new_instance();
    const auto written = [&] {
      std::error_code error;
      return fs::exists(container.checkpoint(), error) ? fs::last_write_time(container.checkpoint(), error)
                                                       : fs::file_time_type::min();
    };
    const auto before = written();
    Process process(container.root.parent_path() / "work", container.arguments(), {},
                    container.environment());
    REQUIRE(eventually([&] { return written() != before; }));
    process.send(signal);
    const int status = process.wait();
    CAPTURE(process.err());
    if (signal == SIGKILL) {
      CHECK(status == 128 + SIGKILL);
      continue;
    }
    CHECK(status == 0);
    CHECK(names_in(container.model()) == std::set<std::string>{"my_model.npz", "vocab.json", "args.json"});
    CHECK_NOTHROW(lstmlib::io::read_npz(container.model() / "my_model.npz"));
    CHECK(names_in(container.output()) == std::set<std::string>{"log", "loss.png", "accuracy.png"});
    CHECK(names_in(container.checkpoints()) == std::set<std::string>{"checkpoint.npz"});
    const Json log = container.log();
    CHECK(log.size() >= std::max<std::size_t>(1, done));
    CHECK(log.size() < 12);
    done = log.size();
    CHECK_FALSE(fs::exists(container.failure()));
  }
  container.move_to_new_instance();
  write_text(container.checkpoints() / ".lstmlib-1-7.tmp", "half of a checkpoint, of a process 1");
  const Outcome rest = container.run();
  CAPTURE(rest.err);
  REQUIRE(rest.status == 0);
  CHECK(says(rest.err, "Resuming from"));
  CHECK(container.weights() == whole.weights());
  CHECK(without_time(container.log()) == without_time(whole.log()));
  CHECK(names_in(container.checkpoints()) == std::set<std::string>{"checkpoint.npz"});

  container.move_to_new_instance();  // interrupted after its last epoch, before its results left
  const auto before = fs::last_write_time(container.checkpoint());
  REQUIRE(container.run().status == 0);
  CHECK(container.weights() == whole.weights());
  CHECK(names_in(container.output()) == std::set<std::string>{"log", "loss.png", "accuracy.png"});
  CHECK(fs::last_write_time(container.checkpoint()) == before);
}

TEST_CASE("job: SIGTERM without checkpoints/ still leaves the best model and the log") {
  const Container container("job_without_checkpoints",
                            R"({"epochs": "1000", "batch-size": "4", "num-units": "6"})");
  Process process(container.root.parent_path() / "work", container.arguments(), {}, container.environment());
  REQUIRE(eventually([&] { return fs::exists(container.output() / "log"); }));
  process.send(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK(names_in(container.model()).size() == 3);
  CHECK(names_in(container.output()) == std::set<std::string>{"log", "loss.png", "accuracy.png"});
  CHECK_FALSE(fs::exists(container.checkpoints()));
}

TEST_CASE("job: a checkpoint that is damaged or of another run is told of, and training starts anew") {
  const Container container("job_checkpoint");
  fs::create_directories(container.checkpoints());
  REQUIRE(container.run().status == 0);
  const std::string weights = container.weights(), good = read_text(container.checkpoint());
  const auto starts_anew = [&](const std::string& part) {
    CAPTURE(part);
    container.move_to_new_instance();
    const Outcome outcome = container.run();
    CAPTURE(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(says(outcome.err, "starting from the beginning"));
    CHECK(says(outcome.err, part));
    CHECK_FALSE(says(outcome.err, "Going on"));
    CHECK(container.log().size() == 2);
  };
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, good.size() / 2, good.size() - 1}) {
    write_text(container.checkpoint(), good.substr(0, bytes));
    starts_anew("checkpoint.npz");
    CHECK(container.weights() == weights);
  }
  std::string changed = good;
  changed.replace(changed.size() / 2, 200, 200, 'x');  // more than a header's fields that nobody reads
  write_text(container.checkpoint(), changed);
  starts_anew("checkpoint.npz");
  CHECK(container.weights() == weights);
  fs::copy_file(container.model() / "my_model.npz", container.checkpoint(),
                fs::copy_options::overwrite_existing);
  starts_anew("does not say which run");

  for (const char* settings : {R"({"epochs": "2", "batch-size": "8", "num-units": "6", "seed": "5"})",
                               R"({"epochs": "2", "batch-size": "8", "num-units": "7", "seed": "5"})",
                               R"({"epochs": "2", "batch-size": "8", "num-units": "7", "seed": "6"})",
                               R"({"epochs": "2", "batch-size": "8", "num-units": "7"})"}) {
    container.settings(settings);  // the checkpoint is that of the settings before
    starts_anew("another run");
  }
  for (const char* channel : {"train", "test", "vocab"}) container.give(channel, true);
  starts_anew("another run");
}

TEST_CASE("job: an address for a folder of results means the container's folder, and the log says so") {
  const auto told = [](const Outcome& outcome, const std::string& part) {
    CAPTURE(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(says(outcome.err, part));
  };
  const auto nothing_else = [](const Container& container) {
    for (const auto& entry : fs::recursive_directory_iterator(container.root.parent_path()))
      CHECK_FALSE(says(entry.path().filename().string(), ":"));
    CHECK(names_in(container.model()).size() == 3);
    CHECK(names_in(container.output()).count("log") == 1);
  };
  const Container container("job_addresses");
  for (const std::string address :
       {"s3://films/x", "S3://films/x/", "s3:/films/x", "file:///data", "s3:films"}) {
    CAPTURE(address);
    container.move_to_new_instance();
    container.settings(R"({"epochs": "1", "num-units": "6", "model_dir": ")" + address +
                       R"(", "output_data_dir": "\")" + address + R"(\""})");
    const Outcome done = container.run();
    told(done, "--model-dir is " + address + ", which is not a folder of the container; " +
                   container.model().string() + " is used");
    told(done, "--output-data-dir is " + address + ", which is not a folder");
    nothing_else(container);
  }
  container.move_to_new_instance();
  container.settings(R"({"epochs": "1", "num-units": "6"})");
  told(container.run(
           {"--model_dir", "s3://films/x", "--output-data-dir=s3://films/y", "--out", "s3://films/z"}),
       "ignoring the unknown setting --out s3://films/z");
  nothing_else(container);
  container.move_to_new_instance();
  told(container.run({}, {{"SM_MODEL_DIR", "s3://films/x"}, {"SM_OUTPUT_DATA_DIR", "s3://films/y"}}),
       "--model-dir is s3://films/x");
  nothing_else(container);
  container.move_to_new_instance();
  const fs::path sm_model = container.root.parent_path() / "sm_model";
  told(container.run({"--model_dir", "s3://films/x"}, {{"SM_MODEL_DIR", sm_model.string()}}),
       sm_model.string() + " is used");
  CHECK(names_in(sm_model).size() == 3);

  container.move_to_new_instance();
  for (const char* option : {"--train", "--test", "--vocab", "--dev", "--resume", "--json-summary"})
    check_failed(container, container.run({option, "s3://films/x"}),
                 std::string(option) + ": 's3://films/x' is an address, expected a path on this machine");
  container.settings(R"({"train": "s3://films/x"})");
  check_failed(container, container.run(), "hyperparameters.json: train: 's3://films/x' is an address");
}

TEST_CASE("job: the message about a wrong setting shows it as it was written") {
  const Container container("job_settings");
  const auto fails = [&](const std::string& settings, const std::string& part) {
    container.settings(settings);
    check_failed(container, container.run(), "hyperparameters.json: " + part);
  };
  fails(R"({"epochs": "1.0"})", "epochs: '1.0' is not a whole number from 1 to 1000000\n");
  fails(R"({"epochs": 1.0})", "epochs: '1.0' is not a whole number");
  fails(R"({"epochs": "[1.5]"})", "epochs: '[1.5]' is not a whole number");
  fails(R"({"epochs": [1.5]})", "epochs is a list, expected a text");
  fails(R"({"epochs": ""})", "epochs: '' is not a whole number");
  fails(R"({"epochs": "1e1"})", "epochs: '1e1' is not a whole number");
  fails(R"({"epochs": "0x10"})", "epochs: '0x10' is not a whole number");
  fails(R"({"epochs": "1_0"})", "epochs: '1_0' is not a whole number");
  fails(R"({"epochs": true})", "epochs: 'true' is not a whole number");
  fails(R"({"dropout": "[0.5]"})", "dropout: '[0.5]' is not a number from 0 to below 1");
  fails(R"({"dropout": "0.5x"})", "dropout: '0.5x' is not a number");
  fails(R"({"dropout": "nan"})", "dropout: 'nan' is not a number");
  fails(R"({"dropout": "-0.1"})", "dropout: '-0.1' is not a number");
  fails(R"({"seed": "-1"})", "seed: '-1' is not a whole number from 0 to 18446744073709551615");
  fails(R"({"seed": "18446744073709551616"})", "seed: '18446744073709551616' is not a whole number");
  fails(R"({"seed": "1.5"})", "seed: '1.5' is not a whole number");
  fails(R"({"bucket": "perhaps"})", "bucket: 'perhaps' is neither true nor false");
  fails(R"({"epochs": "1", "epochs": "2"})", "the key epochs appears twice");
  fails(R"({"epochs": "1", "x": {"a": 1, "a": 2}})", "the key a appears twice");
  for (const char* setting : {"batch-size", "num-units", "num-layers", "threads", "snapshot-every",
                              "global-batch-size", "processes", "hosts-wait"})
    for (const char* value : {"0", "-1", "1.5", "many", "99999999999999999999"})
      fails("{\"" + std::string(setting) + "\": \"" + value + "\"}",
            std::string(setting) + ": '" + value + "' is not a whole number from 1 to ");

  container.settings(
      R"({"epochs": "001", "num-units": "6", "seed": "18446744073709551615", "batch-size": "010"})");
  CHECK(container.run().status == 0);  // decimal, as everywhere else
  CHECK(container.log().size() == 1);
  fs::remove_all(container.model() / "my_model.npz");

  container.settings(Container::small);
  write_text(container.channels(), R"({"train": {}, "train": {}})");
  check_failed(container, container.run(), "inputdataconfig.json: the key train appears twice");
  fs::remove(container.channels());
  fs::remove_all(container.data("train"));
  check_failed(container, container.run(),
               "channel train is missing: the job needs train, test and vocab, but has no channel");
  check_failed(container, container.run(),
               "and no " + container.channels().string() + ", as of a job without channels");
  container.give("train");
  CHECK(container.run().status == 0);  // the folders are enough
}
