// SPDX-License-Identifier: MIT
// `sentiment cloud`, `upload` and `download` against a scripted cloud on this machine.
#include "sentiment/cloud/archive.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/loopback_cloud.hpp"
#include "sentiment/program.hpp"
#include "support.hpp"

#include <signal.h>

#include <map>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::scratch;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const Words image_and_role{"--image", "123456789012.dkr.ecr.eu-west-3.amazonaws.com/films:1", "--role",
                           "arn:aws:iam::123456789012:role/R"};
const Words fit_words =
    Words{"cloud", "fit"} + image_and_role +
    Words{"--channel", "train=s3://films/train", "--output-path", "s3://films/out", "--poll-seconds", "0.01"};
const Words run_words =
    Words{"cloud", "run"} + image_and_role +
    Words{"--dataset", "films", "--bucket", "films", "--poll-seconds", "0.01", "--out", "result"};

/// A cloud and runs of the program against it; at the end no signature was wrong that should not be, and no
/// credential was shown.
struct Scene {
  explicit Scene(const std::string& name) : folder(scratch(name)) {
    cloud.keys.token = "a-token-that-no-line-may-show";
    cloud.on_job = [this](const std::string&, const std::string& output) {
      write_text(folder / "left" / "log", "[]");
      write_text(folder / "left" / "loss.png", "p");
      write_text(folder / "left" / "accuracy.png", "q");
      cloud::pack_folder(folder / "left", folder / "output.tar.gz");
      cloud.objects[output + "/output.tar.gz"] = read_text(folder / "output.tar.gz");
    };
  }
  ~Scene() {
    for (const std::string& secret : {cloud.keys.access, cloud.keys.secret, cloud.keys.token})
      CHECK_FALSE(says(shown, secret));
    CHECK(cloud.signature_faults().size() == wrong_signatures);
  }

  Environment environment() const {
    Environment made = cloud.environment((folder / "home").string());
    for (const auto& [name, value] : more) made[name] = value;
    return made;
  }
  Outcome run(const Words& words, const std::string& input = "") {
    fs::remove_all(folder / "result");
    Words placed = words;
    for (auto& word : placed)
      if (word == "result") word = (folder / "result").string();
    Outcome outcome = sentiment::test::run(placed, folder / "run", input, environment());
    shown += outcome.out + outcome.err;
    return outcome;
  }
  /// Runs until the cloud has been asked for `operation`, sends a signal, and waits for the end.
  Outcome interrupt(const Words& words, const std::string& operation, int signal) {
    fs::remove_all(folder / "result");
    Words placed = words;
    for (auto& word : placed)
      if (word == "result") word = (folder / "result").string();
    Program program(placed, folder / "run", "", environment());
    CHECK(eventually([&] { return cloud.count(operation) > 0; }));
    program.send(signal);
    const int status = program.wait();
    shown += program.out() + program.err();
    return {status, program.out(), program.err()};
  }
  /// A refusal of one line.
  void refused(const Words& words, const std::string& part) { check_refused(run(words), 1, part); }
  bool nothing_is_deployed() const {
    return cloud.models.empty() && cloud.configs.empty() && cloud.endpoints.empty();
  }

  fs::path folder;
  LoopbackCloud cloud;
  Environment more;
  std::string shown;
  std::size_t wrong_signatures = 0;
};

const std::vector<std::string> training{"InProgress", "Training", "Training image download completed."};

}  // namespace

TEST_CASE("cloud fit: the status and the job's lines are shown as they come") {
  Scene scene("cloud_fit");
  scene.cloud.job_states = {{"InProgress", "Starting", "Launching requested ML instances"},
                            {"InProgress", "Starting", "Preparing the instances"},
                            {"InProgress", "Downloading", "Downloading input data"},
                            {"InProgress", "Downloading", "Downloading input data"},
                            training,
                            {"InProgress", "Uploading", "Uploading generated training model"},
                            {"Completed", "Completed", "Training job completed"}};
  scene.cloud.log_lines = {"epoch 1", "epoch 2\x1b[2J", "epoch 3", "done"};
  const Outcome done =
      scene.run(fit_words + Words{"--hyperparameter", "epochs=3", "--json", "--name", "a-job"});
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  std::size_t at = 0;
  for (const char* line : {"training job a-job\n", "Starting: Launching requested ML instances\n",
                           "Starting: Preparing the instances\n", "Downloading: Downloading input data\n",
                           "Training: ", "Uploading: ", "Completed: "}) {
    CAPTURE(line);
    const auto found = done.err.find(line, at);
    CHECK(found != std::string::npos);
    if (found != std::string::npos) at = found;
  }
  CHECK(done.err.find("Downloading:") == done.err.rfind("Downloading:"));
  CHECK(says(done.err, "algo-1  epoch 1\nalgo-1  epoch 2 [2J\nalgo-1  epoch 3\nalgo-1  done\n"));
  const auto told = nlohmann::json::parse(done.out);
  CHECK(told["status"] == "Completed");
  CHECK(told["model"] == "s3://films/out/a-job/output/model.tar.gz");
  CHECK(told["output"] == "s3://films/out/a-job/output/output.tar.gz");
  CHECK(told["training_seconds"] == 61);
  CHECK(told["billable_seconds"] == 20);
  CHECK(scene.cloud.jobs["a-job"]["HyperParameters"] == nlohmann::json{{"epochs", "3"}});

  const Outcome again = scene.run({"cloud", "status", "a-job"});
  CHECK(says(again.out, "status            Completed\n"));
  CHECK(scene.run({"cloud", "logs", "a-job"}).out ==
        "algo-1  epoch 1\nalgo-1  epoch 2 [2J\nalgo-1  epoch 3\nalgo-1  done\n");
}

TEST_CASE("cloud fit: a job that fails ends with its reason and status 1") {
  Scene scene("cloud_failed");
  scene.cloud.job_states = {training, {"Failed", "Failed", "Training job failed"}};
  scene.cloud.failure_reason = "AlgorithmError: channel train has no train.npz\nexit code: 1";
  const Outcome done = scene.run(fit_words + Words{"--json"});
  CHECK(done.status == 1);
  CHECK(says(done.err, "failed: AlgorithmError: channel train has no train.npz exit code: 1\n"));
  CHECK(nlohmann::json::parse(done.out)["failure_reason"] == scene.cloud.failure_reason);
}

TEST_CASE("cloud fit: throttled calls are made again, and logs that may not be read do not end the job") {
  Scene scene("cloud_throttled");
  std::map<std::string, int> seen;
  scene.cloud.job_states = {training, training, {"Completed", "Completed", ""}};
  scene.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
    if (call.operation == "DescribeLogStreams")
      return json_error("AccessDeniedException", "not authorized to perform logs:DescribeLogStreams");
    if (++seen[call.operation] <= 2) return json_error("ThrottlingException", "Rate exceeded");
    return std::nullopt;
  };
  const Outcome done = scene.run(fit_words);
  CAPTURE(done.err);
  CHECK(done.status == 0);
  CHECK(says(done.err, "its log lines are not shown: DescribeLogStreams: AccessDeniedException"));
  CHECK(scene.cloud.count("DescribeLogStreams") == 1);
  CHECK(scene.cloud.count("CreateTrainingJob") == 3);

  scene.cloud.fault = [](const LoopbackCloud::Call&) {
    return json_error("ThrottlingException", "Rate exceeded");
  };
  scene.refused({"cloud", "status", "a-job"},
                "DescribeTrainingJob: ThrottlingException: Rate exceeded (status 400)");
  scene.more["AWS_MAX_ATTEMPTS"] = "1";
  const std::size_t before = scene.cloud.count("DescribeTrainingJob");
  scene.refused({"cloud", "status", "a-job"}, "ThrottlingException");
  CHECK(scene.cloud.count("DescribeTrainingJob") == before + 1);
}

TEST_CASE("cloud: wrong credentials, with every service, in one line without them") {
  Scene scene("cloud_credentials");
  scene.more["AWS_SECRET_ACCESS_KEY"] = "wrong";
  const std::string where = "the credentials are from the environment";
  scene.refused({"cloud", "status", "a-job"}, where);
  const Outcome verbose = scene.run({"cloud", "stop", "a-job", "--verbose", "--quiet"});
  CHECK(says(verbose.err, "sentiment: POST http://127.0.0.1:"));
  CHECK(std::count(verbose.err.begin(), verbose.err.end(), '\n') == 2);
  scene.refused({"cloud", "logs", "a-job"}, "InvalidSignatureException");
  scene.refused(Words{"cloud", "fit", "--image", "i", "--role", "R", "--channel", "train=s3://films/t"},
                "GetCallerIdentity: SignatureDoesNotMatch");
  check_refused(scene.run({"cloud", "predict", "--endpoint", "e"}, "a\n"), 1,
                "endpoint e: InvalidSignatureException");
  scene.refused({"download", "--uri", "s3://films/k.tar.gz", "--output", "result"}, "SignatureDoesNotMatch");
  CHECK(says(scene.shown, "(hidden)"));
  scene.wrong_signatures = scene.cloud.calls().size();
  CHECK(scene.wrong_signatures >= 6);

  SUBCASE("without credentials nothing is sent") {
    const std::size_t before = scene.cloud.calls().size();
    scene.more["AWS_SECRET_ACCESS_KEY"] = scene.more["AWS_ACCESS_KEY_ID"] = "";
    for (const Words& words :
         {Words{"cloud", "status", "a-job"}, fit_words, run_words, Words{"cloud", "delete", "e"}})
      scene.refused(words, "no credentials: set AWS_ACCESS_KEY_ID");
    scene.more["AWS_ACCESS_KEY_ID"] = "half";
    scene.refused(fit_words, "without its secret key");
    CHECK(scene.cloud.calls().size() == before);
  }
}

TEST_CASE("cloud: refusals of names and roles are one line, and nothing else is touched") {
  Scene scene("cloud_refusals");
  scene.refused(
      Words{"cloud", "fit", "--image", "i", "--role", "Nobody", "--channel", "train=s3://films/t",
            "--output-path", "s3://films/o"},
      "CreateTrainingJob: ValidationException: Could not assume role arn:aws:iam::123456789012:role/Nobody.");
  REQUIRE(scene.run(fit_words + Words{"--name", "taken", "--no-wait"}).status == 0);
  scene.refused(fit_words + Words{"--name", "taken"},
                "CreateTrainingJob: ResourceInUse: Training job names must be unique");
  scene.refused({"cloud", "status", "nobody"},
                "there is no training job and no endpoint nobody in eu-west-3");
  scene.refused({"cloud", "logs", "nobody"}, "DescribeTrainingJob: ValidationException");
  scene.refused({"cloud", "delete", "nobody"}, "there is no endpoint, endpoint config or model nobody");
  scene.refused({"cloud", "stop", "nobody"},
                "StopTrainingJob: ValidationException: Requested resource not found.");
  scene.cloud.job_states = {training};
  scene.refused({"cloud", "deploy", "--job", "taken"},
                "training job taken is InProgress, so there is no model to deploy");

  const Words deploy{"cloud",   "deploy", "--model-data",   "s3://films/m.tar.gz",
                     "--image", "i",      "--role",         "R",
                     "--name",  "e",      "--poll-seconds", "0.01"};
  scene.cloud.configs["e"] = {{"ProductionVariants", nlohmann::json::array()}};
  const Outcome refused = scene.run(deploy);
  CHECK(refused.status == 1);
  CHECK(says(refused.err,
             "sentiment: deleting model e\nsentiment: CreateEndpointConfig: ValidationException: Cannot "
             "create already existing"));
  CHECK(scene.cloud.models.empty());
  CHECK(scene.cloud.configs.contains("e"));
}

TEST_CASE("cloud: a wrong command line ends with 2 and sends no request") {
  Scene scene("cloud_usage");
  const auto wrong = [&](const Words& words, const std::string& part) {
    check_refused(scene.run(words), 2, part);
  };
  wrong({"cloud"}, "--help");
  wrong(fit_words + Words{"--chanel", "x"},
        "unknown option --chanel, did you mean --channel? (see cloud fit --help)");
  wrong({"cloud", "status", "no/name"}, "is not a name");
  wrong(fit_words + Words{"--name", "-x"}, "is not a name");
  wrong(fit_words + Words{"--max-wait", "5"}, "--spot");
  wrong(fit_words + Words{"--hyperparameter", "epochs"}, "'epochs' is not NAME=VALUE");
  wrong({"cloud", "deploy", "--image", "i"}, "--job");
  wrong({"cloud", "fit", "--image", "i"}, "--role");
  CHECK(scene.cloud.calls().empty());
  for (const Words& words :
       {Words{"upload"}, Words{"download"}, Words{"cloud"}, Words{"cloud", "fit"}, Words{"cloud", "status"},
        Words{"cloud", "logs"}, Words{"cloud", "stop"}, Words{"cloud", "deploy"}, Words{"cloud", "predict"},
        Words{"cloud", "delete"}, Words{"cloud", "run"}}) {
    CAPTURE(words.back());
    const Outcome help = scene.run(words + Words{"--help"});
    CHECK(help.status == 0);
    CHECK(says(help.out, "sentiment "));
  }
}

TEST_CASE("cloud fit: Ctrl-C ends the wait and not the job") {
  Scene scene("cloud_fit_interrupted");
  scene.cloud.job_states = {training};
  const Outcome ended = scene.interrupt(fit_words + Words{"--name", "a-job"}, "DescribeLogStreams", SIGINT);
  CHECK(ended.status == 130);
  CHECK(says(ended.err, "the job continues; see `sentiment cloud status a-job`"));
  CHECK(scene.cloud.count("StopTrainingJob") == 0);
  CHECK(scene.run({"cloud", "stop", "a-job"}).status == 0);
  CHECK(scene.cloud.count("StopTrainingJob") == 1);
}

TEST_CASE("cloud deploy, predict, delete: an endpoint's life") {
  Scene scene("cloud_endpoint");
  scene.cloud.endpoint_looks = 2;
  const Words deploy{"cloud",   "deploy", "--model-data",   "s3://films/m.tar.gz",
                     "--image", "i",      "--role",         "R",
                     "--name",  "e",      "--poll-seconds", "0.01",
                     "--json"};
  const Outcome deployed = scene.run(deploy);
  CAPTURE(deployed.err);
  REQUIRE(deployed.status == 0);
  CHECK(deployed.err == "sentiment: endpoint e: Creating\nsentiment: endpoint e: InService\n");
  CHECK(nlohmann::json::parse(deployed.out)["status"] == "InService");
  CHECK(scene.cloud.models["e"]["ExecutionRoleArn"] == "arn:aws:iam::123456789012:role/R");
  CHECK(scene.run({"cloud", "predict", "--endpoint", "e", "--json"}, "a film\n").out ==
        "{\"sentence\": \"a film\", \"prediction\": 1, \"score\": 0.75}\n");
  scene.cloud.fault = [](const LoopbackCloud::Call&) {
    return reply(
        "424 Failed Dependency",
        R"~({"ErrorCode": "X", "Message": "Received client error (400)", "OriginalMessage": "{\"error-message\": \"too long\"}", "OriginalStatusCode": 400})~",
        "x-amzn-ErrorType: ModelError:http://x\r\n");
  };
  const std::size_t before = scene.cloud.count("InvokeEndpoint");
  check_refused(scene.run({"cloud", "predict", "--endpoint", "e"}, "a\n"), 1,
                "endpoint e: ModelError: Received client error (400) The model says: {\"error-message\": "
                "\"too long\"}");
  CHECK(scene.cloud.count("InvokeEndpoint") == before + 1);
  scene.cloud.fault = [](const LoopbackCloud::Call&) { return reply("200 OK", "[[1]]"); };
  check_refused(scene.run({"cloud", "predict", "--endpoint", "e"}, "a\n"), 1, "the response is not a list of");
  scene.cloud.fault = nullptr;
  const Outcome erased = scene.run({"cloud", "delete", "e"});
  CHECK(erased.out ==
        "deleted           endpoint e\ndeleted           endpoint config e\ndeleted           model e\n");
  CHECK(scene.nothing_is_deployed());

  scene.cloud.endpoint_looks = 1;
  scene.cloud.endpoint_end = "Failed";
  scene.cloud.failure_reason = "The container did not pass the ping health check.";
  const Outcome failed = scene.run(deploy);
  CHECK(failed.status == 1);
  CHECK(says(failed.err,
             "endpoint e is Failed: The container did not pass the ping health check. (delete it with "
             "`sentiment cloud delete e`)"));
}

TEST_CASE("cloud run: all steps of the notebook, and only objects in S3 remain") {
  Scene scene("cloud_run");
  scene.cloud.job_states = {training, {"Completed", "Completed", ""}};
  scene.cloud.log_lines = {"epoch 1"};
  const Outcome done = scene.run(run_words + Words{"--json", "--hyperparameter", "epochs=1"});
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  const auto told = nlohmann::json::parse(done.out);
  CHECK(told["training_lines"].size() == 20);
  CHECK(told["predictions"].size() == 3);
  CHECK(told["test_predictions"].size() > 10);
  CHECK(told["deleted"].size() == 3);
  CHECK(told["channels"] == nlohmann::json({"s3://films/notebook/chainer_sentiment/train",
                                            "s3://films/notebook/chainer_sentiment/test",
                                            "s3://films/notebook/chainer_sentiment/vocab"}));
  CHECK(fs::exists(scene.folder / "result" / "output" / "loss.png"));
  CHECK(scene.cloud.objects.at("/films/notebook/chainer_sentiment/vocab/vocab.npy") ==
        read_text(scene.folder / "result" / "data" / "vocab" / "vocab.npy"));
  CHECK(scene.nothing_is_deployed());
  CHECK(scene.cloud.count("StopTrainingJob") == 0);
}

TEST_CASE("cloud run: an interrupted or failed run cleans up") {
  Scene scene("cloud_run_ends");
  scene.cloud.job_states = {training};
  SUBCASE("Ctrl-C while the job runs: it is stopped") {
    const Outcome ended = scene.interrupt(run_words, "DescribeLogStreams", SIGINT);
    CHECK(ended.status == 130);
    CHECK(scene.cloud.count("StopTrainingJob") == 1);
    CHECK(says(ended.err, "stopping training job films-"));
    CHECK(says(ended.err, "sentiment: interrupted\n"));
  }
  SUBCASE("SIGTERM while the endpoint is made: endpoint, configuration and model are deleted") {
    scene.cloud.job_states = {{"Completed", "Completed", ""}};
    scene.cloud.endpoint_looks = 1000000;
    scene.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
      if (call.operation == "DeleteEndpoint" && scene.cloud.count("DeleteEndpoint") > 2)
        scene.cloud.endpoint_looks = 0;  // made at last
      return std::nullopt;
    };
    const Outcome ended = scene.interrupt(run_words, "DescribeEndpoint", SIGTERM);
    CHECK(ended.status == 143);
    CHECK(says(ended.err, "is still being created; it will be deleted once it exists"));
    CHECK(scene.cloud.count("DeleteModel") == 1);
  }
  SUBCASE("an endpoint that fails") {
    scene.cloud.job_states = {{"Completed", "Completed", ""}};
    scene.cloud.endpoint_end = "Failed";
    scene.cloud.failure_reason = "no capacity";
    const Outcome ended = scene.run(run_words);
    CHECK(ended.status == 1);
    CHECK(says(ended.err, "is Failed: no capacity\n"));
    CHECK(scene.cloud.count("DeleteEndpoint") == 1);
  }
  SUBCASE("an endpoint that does not answer") {
    scene.cloud.job_states = {{"Completed", "Completed", ""}};
    scene.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
      if (call.operation == "InvokeEndpoint") return reply("500 Oops", "");
      return std::nullopt;
    };
    CHECK(scene.run(run_words).status == 1);
    CHECK(scene.cloud.count("InvokeEndpoint") == 5);
    CHECK(scene.cloud.count("DeleteEndpoint") == 1);
  }
  SUBCASE("a job that fails") {
    scene.cloud.job_states = {{"Failed", "Failed", ""}};
    scene.cloud.failure_reason = "AlgorithmError";
    const Outcome ended = scene.run(run_words);
    CHECK(ended.status == 1);
    CHECK(says(ended.err, "failed: AlgorithmError\n"));
    CHECK(scene.cloud.count("StopTrainingJob") == 0);
  }
  SUBCASE("an output that is no archive") {
    scene.cloud.job_states = {{"Completed", "Completed", ""}};
    scene.cloud.on_job = [&](const std::string&, const std::string& output) {
      scene.cloud.objects[output + "/output.tar.gz"] = "no archive";
    };
    const Outcome ended = scene.run(run_words);
    CHECK(ended.status == 1);
    CHECK(says(ended.err, "not a gzip file"));
    CHECK_FALSE(fs::exists(scene.folder / "result" / "output"));
  }
  SUBCASE("a create call whose answer is lost: the job may be there, so it is stopped") {
    scene.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
      if (call.operation == "CreateTrainingJob") return "";
      return std::nullopt;
    };
    CHECK(scene.run(run_words).status == 1);
    CHECK(scene.cloud.count("StopTrainingJob") == 1);
  }
  CHECK(scene.nothing_is_deployed());
}

TEST_CASE("upload and download: an interrupt leaves nothing half done") {
  Scene scene("cloud_transfers");
  for (const char* part : {"train", "test", "vocab"})
    write_text(scene.folder / "data" / part / "file", std::string(part));
  const auto data = [&](const char* part) { return (scene.folder / "data" / part).string(); };
  const Outcome done = scene.run({"upload", "--bucket", "films", "--prefix", "p/", "--train", data("train"),
                                  "--test", data("test"), "--vocab", data("vocab")});
  CAPTURE(done.err);
  CHECK(done.out == "s3://films/p/train\ns3://films/p/test\ns3://films/p/vocab\n");
  CHECK(done.err.empty());
  CHECK(scene.cloud.objects.size() == 3);

  // A body that does not come to its end.
  scene.cloud.fault = [&](const LoopbackCloud::Call&) -> std::optional<std::string> {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return reply("200 OK", std::string(100000, 'x')).substr(0, 50000);
  };
  const Outcome ended =
      scene.interrupt({"download", "--uri", "s3://films/k.tar.gz", "--output", "result"}, "GET", SIGTERM);
  CHECK(ended.status == 143);
  CHECK(ended.err == "sentiment: interrupted\n");
  std::size_t left = 0;
  for (const auto& entry : fs::directory_iterator(scene.folder))
    left += entry.path().filename().string().starts_with(".lstmlib");
  CHECK(left == 0);
  CHECK_FALSE(fs::exists(scene.folder / "result"));
}

TEST_CASE("cloud: what cannot be asked for is refused before anybody is asked") {
  Scene scene("cloud_checked");
  const auto wrong = [&](const Words& words, const std::string& part) {
    CAPTURE(part);
    check_refused(scene.run(words), 2, part);
  };
  const Words deploy{"cloud", "deploy", "--model-data", "s3://films/m.tar.gz", "--image", "i", "--role", "R"};
  wrong(fit_words + Words{"--output-path", "jobs"}, "--output-path: 'jobs' is not an S3 address");
  wrong({"cloud", "fit", "--image", "i", "--role", "R", "--channel", "train=s3://films/t", "--output-path",
         "jobs"},
        "--output-path: 'jobs' is not an S3 address, expected s3://BUCKET/KEY");
  wrong(fit_words + Words{"--channel", "train=s3://films/other"}, "the channel train is given twice");
  wrong(fit_words + Words{"--channel", "test"}, "'test' is not NAME=s3://BUCKET/PREFIX");
  wrong(fit_words + Words{"--channel", "test=data/test"},
        "--channel: test: 'data/test' is not an S3 address");
  wrong(fit_words + Words{"--channel", "te st=s3://films/t"}, "'te st' is not a channel name");
  wrong(fit_words + Words{"--channel", "=s3://films/t"}, "'' is not a channel name");
  Words many = fit_words;
  for (int i = 0; i < 20; ++i) many = many + Words{"--channel", "c" + std::to_string(i) + "=s3://films/t"};
  wrong(many, "at most 20 channels, 21 are given");
  wrong(fit_words + Words{"--checkpoint-path", "checkpoints"},
        "--checkpoint-path: 'checkpoints' is not an S3 address");
  wrong(fit_words + Words{"--checkpoint-path", "s3://Films/x"}, "'Films' is not a bucket name");
  wrong(fit_words + Words{"--spot", "--max-wait", "60"},
        "--max-wait: 60 seconds are less than --max-run, 86400");
  for (const char* count : {"0", "-1", "1.0", "1e2", "[2]", "0x2", "1001", ""})
    wrong(fit_words + Words{"--instance-count", count}, "' is not a whole number from 1 to 1000");
  for (const char* type :
       {"c5.xlarge", "ml.c5", "ml.c5.huge", "ml.C5.xlarge", "ml.c5.x large", "ml.c5.xlarge.", "gpu"})
    wrong(fit_words + Words{"--instance-type", type}, "is not an instance type: expected ml.FAMILY.SIZE");
  wrong(fit_words + Words{"--instance-type", "local"}, "`sentiment local`");
  wrong(deploy + Words{"--instance-type", "m5.large"}, "is not an instance type");
  wrong(run_words + Words{"--endpoint-instance-type", "m5.large"}, "is not an instance type");
  for (const char* role : {"arn:aws:iam::1234:role/R", "arn:aws:iam::123456789012:user/u",
                           "arn:aws:sts::123456789012:role/R", "arn:aws:iam::123456789012:role/",
                           "arn:aws:iam::123456789012:role/a b", "arn:aws:iam:eu-west-3:123456789012:role/R"})
    wrong({"cloud", "fit", "--image", "i", "--role", role, "--channel", "train=s3://films/t"},
          "is not the ARN of a role");
  wrong({"cloud", "fit", "--image", "i", "--role", "a/b", "--channel", "train=s3://films/t"},
        "'a/b' is not a role");
  wrong({"cloud", "fit", "--image", "an image", "--role", "R", "--channel", "train=s3://films/t"},
        "is not an image");
  wrong(deploy + Words{"--name", "films_1"}, "'films_1' is not a name");
  wrong({"cloud", "deploy", "--model-data", "model.tar.gz", "--image", "i", "--role", "R"},
        "is not an S3 address");
  wrong(fit_words + Words{"--region", ""}, "--region: is empty, expected a name");
  wrong(fit_words + Words{"--profile", ""}, "--profile: is empty, expected a name");
  wrong(fit_words + Words{"--poll-seconds", "nan"}, "'nan' is not a number from 0.01 to 3600");

  const auto setting = [&](const std::string& word, const std::string& part) {
    wrong(fit_words + Words{"--hyperparameter", word}, "--hyperparameter: " + part);
    wrong(run_words + Words{"--hyperparameter", word}, "--hyperparameter: " + part);
  };
  setting("epochs=1.0", "epochs: '1.0' is not a whole number from 1 to 1000000");
  setting("batch_size=[16]", "batch_size: '[16]' is not a whole number");
  setting("dropout=1", "dropout: '1' is not a number from 0 to below 1");
  setting("model-type=gru", "model-type: gru not in");
  setting("seed=-1", "seed: '-1' is not a whole number from 0 to 18446744073709551615");
  setting("device=tpu", "device: 'tpu' is not a device, expected auto");
  setting("processes=0", "processes: '0' is not a whole number from 1 to 4096");
  setting("wire=fp8", "wire: fp8 not in");
  setting("bucket=perhaps", "bucket: 'perhaps' is neither true nor false");
  wrong(fit_words + Words{"--hyperparameter", "epochs=1", "--hyperparameter", "epochs=2"},
        "the name epochs is given twice");
  wrong(fit_words + Words{"--hyperparameter", "batch-size=1", "--hyperparameter", "batch_size=2"},
        "in two spellings");
  wrong(fit_words + Words{"--hyperparameter", "x=" + std::string(2501, 'x')}, "a value 2500");
  wrong(fit_words + Words{"--environment", "1A=x"}, "'1A' is not a variable name");
  wrong(fit_words + Words{"--environment", "A=x", "--environment", "A=y"}, "the name A is given twice");
  CHECK(scene.cloud.calls().empty());

  const Outcome fine =
      scene.run(fit_words + Words{"--hyperparameter", "seed=18446744073709551615", "--hyperparameter",
                                  "mystery=[1.5]", "--hyperparameter", "model_dir=s3://films/x",
                                  "--instance-type", "ml.p6-b200.48xlarge", "--no-wait", "--name", "j"});
  CHECK(fine.err == "");
  CHECK(scene.cloud.jobs["j"]["HyperParameters"] == nlohmann::json{{"seed", "18446744073709551615"},
                                                                   {"mystery", "[1.5]"},
                                                                   {"model_dir", "s3://films/x"}});
}

TEST_CASE("cloud: a bucket with a prefix is refused, and the message shows the right options") {
  Scene scene("cloud_bucket");
  for (const char* part : {"train", "test", "vocab"}) write_text(scene.folder / "data" / part / "file", "x");
  const auto data = [&](const char* part) { return (scene.folder / "data" / part).string(); };
  const Words upload{"upload",     "--train", data("train"), "--test",
                     data("test"), "--vocab", data("vocab"), "--bucket"};
  const Words run =
      Words{"cloud", "run"} + image_and_role + Words{"--dataset", "films", "--out", "result", "--bucket"};
  for (const Words& words : {upload, run}) {
    check_refused(scene.run(words + Words{"films/x/y"}), 2,
                  "'films/x/y' is not a bucket name; the bucket is films, and the rest is the prefix: x/y");
    check_refused(scene.run(words + Words{"s3://films/x"}), 2,
                  "the bucket is films, and the rest is the prefix: x");
    check_refused(scene.run(words + Words{"s3://films"}), 2,
                  "'s3://films' is not a bucket name; the bucket is films");
    check_refused(scene.run(words + Words{"films/"}), 2, "the bucket is films");
    for (const char* bucket : {"", "fi", "Films", "films_1", "-films", "films-", "fi..lms", "10.0.0.1",
                               "xn--films", "films-s3alias", "fi lms", "films:1"}) {
      CAPTURE(bucket);
      check_refused(scene.run(words + Words{bucket}), 2, "is not a bucket name");
    }
    for (const char* prefix : {"/a", "a//b", "a/../b", "s3://films/x", "a//"}) {
      CAPTURE(prefix);
      check_refused(scene.run(words + Words{"films", "--prefix", prefix}), 2, "is not a key prefix");
    }
  }
  CHECK(scene.cloud.calls().empty());
}

TEST_CASE("download: an invalid archive is named by its address") {
  Scene scene("cloud_no_archive");
  scene.cloud.objects["/films/k/notes.txt"] = "a text";
  scene.refused({"download", "--uri", "s3://films/k/notes.txt", "--output", "result"},
                "sentiment: s3://films/k/notes.txt: not a gzip file\n");
  CHECK_FALSE(fs::exists(scene.folder / "result"));
  const auto wrong = [&](const std::string& uri, const std::string& part) {
    check_refused(scene.run({"download", "--uri", uri, "--output", "result"}), 2, part);
  };
  wrong("S3://films/k", "'S3://films/k' is not an S3 address");
  wrong("s3:/films/k", "is not an S3 address");
  wrong("https://films.s3.amazonaws.com/k", "is not an S3 address");
  check_refused(scene.run({"download", "--uri", "s3://films/k/notes.txt", "--output", "s3://films/x"}), 2,
                "--output: 's3://films/x' is an address, expected a path on this machine");
}
