// SPDX-License-Identifier: MIT
// sentiment cloud run: runs the whole notebook
#include "sentiment/cloud/deployment.hpp"
#include "sentiment/cloud/names.hpp"
#include "sentiment/cloud/runtime.hpp"
#include "sentiment/cloud/transfers.hpp"
#include "sentiment/commands/cloud_commands.hpp"
#include "sentiment/commands/cloud_output.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/prepare_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/commands/notebook_sentences.hpp"

#include <memory>

namespace sentiment {
namespace {

namespace fs = std::filesystem;
using lstmlib::Error;
using lstmlib::fail;

struct CloudRunOptions {
  CloudOptions cloud;
  JobOptions job;
  PrepareOptions prepare;
  std::string bucket, prefix = "notebook/chainer_sentiment", base_name;
  std::string endpoint_instance_type = "ml.m5.large";
  fs::path out = "cloud_result";
};

/// The steps of the notebook in order. Results go to standard output or, with --json, into one object.
class CloudNotebook {
 public:
  explicit CloudNotebook(const CloudRunOptions& options)
      : o_(options),
        session_(o_.cloud.session.session()),
        s3_(session_),
        sagemaker_(session_),
        undo_(o_.cloud.watching()) {}

  void run() {
    const cloud::TrainingJob job = o_.job.complete(session_);  // first of all, to check the credentials
    choose_bucket();
    const LabelledLines lines = prepare_data();
    show("The first training lines", first_lines(lines.train, 20), "training_lines");
    const auto channels = upload();
    train(job, channels);
    fetch_output();
    deploy();
    cloud::DeployedEndpoint endpoint(session_, endpoint_);
    predict(endpoint, "Three sentences", example_sentences(), "predictions");
    predict(endpoint, "The first test sentences", first_sentences(lines.test), "test_predictions");
    step("deleting the endpoint");
    facts_.add("deleted", cloud::delete_deployment(sagemaker_, endpoint_, o_.cloud.watching()));
    undo_.forget();
    facts_.print(o_.cloud.json);
  }

 private:
  void step(const std::string& what) const {
    if (!o_.cloud.session.quiet) std::cerr << "sentiment: == " << what << std::endl;
  }

  void show(const char* title, const std::vector<std::string>& lines, const char* name) {
    if (o_.cloud.json) {
      facts_.add(name, lines);
      return;
    }
    std::cout << title << ":\n";
    for (const std::string& line : lines) std::cout << "  " << cloud::one_line(line, 10000) << '\n';
    std::cout << std::flush;
  }

  void choose_bucket() {
    bucket_ = o_.bucket;
    if (!bucket_.empty()) return;
    bucket_ = cloud::Identity::find(session_).default_bucket(session_.region);
    s3_.ensure_bucket(bucket_);
  }

  LabelledLines prepare_data() {
    step("preparing the data");
    PrepareOptions prepare = o_.prepare;
    prepare.out = o_.out / "data";
    prepare.quiet = o_.cloud.session.quiet;
    prepare_or_fall_back(prepare);
    facts_.add("data_set", prepare.dataset);
    DatasetPlaces places = DatasetPlaces::from_environment();
    places.folder = prepare.data;
    places.quiet = true;
    return read_lines(find_dataset(prepare.dataset), places, prepare.seed);
  }

  std::vector<cloud::Channel> upload() {
    step("uploading it");
    const cloud::S3Uri top{bucket_, o_.prefix};
    std::vector<cloud::Channel> channels;
    std::vector<std::string> uris;
    // Without the dev file, as in the notebook: test sentences select the best model.
    for (const char* name : {"train", "test", "vocab"}) {
      channels.push_back({name, top.below(name)});
      cloud::upload_folder(s3_, o_.out / "data" / name, channels.back().uri, !o_.cloud.session.quiet);
      uris.push_back(channels.back().uri.text());
    }
    facts_.add("channels", uris);
    return channels;
  }

  void train(cloud::TrainingJob job, const std::vector<cloud::Channel>& channels) {
    job.channels = channels;
    job.output = "s3://" + bucket_ + "/";
    job.name = cloud::unique_name(o_.base_name.empty() ? cloud::base_of_image(job.image) : o_.base_name);
    if (o_.prepare.char_based) job.hyperparameters.try_emplace("char-based", "true");
    step("training job " + job.name);
    undo_.make(
        "stopping training job " + job.name, [&] { sagemaker_.create_training_job(job); },
        [this, name = job.name] { sagemaker_.stop_training_job(name); });
    job_ = cloud::wait_for_job(session_, job.name, o_.cloud.watching(true));
    undo_.forget();  // the job has ended
    facts_.add("job", job_.name)
        .add("status", job_.status)
        .add("output", job_.output)
        .add_if("model", job_.model);
    if (job_.status != "Completed")
      fail<Error>("training job ", job_.name, job_.status == "Failed" ? " failed: " : " was stopped ",
                  cloud::one_line(job_.failure));
  }

  void fetch_output() {
    step("fetching its output");
    const fs::path folder = o_.out / "output";
    cloud::fetch_archive(s3_, cloud::S3Uri::parse(job_.output), folder, {}, !o_.cloud.session.quiet);
    std::vector<std::string> plots;
    for (const char* name : {"loss.png", "accuracy.png"})
      if (fs::exists(folder / name)) plots.push_back((folder / name).string());
    facts_.add("output_folder", folder.string()).add("plots", plots);
  }

  void deploy() {
    endpoint_ = cloud::unique_name(o_.base_name.empty() ? cloud::base_of_image(job_.image) : o_.base_name);
    step("endpoint " + endpoint_);
    const cloud::Deployment deployment{
        .name = endpoint_,
        .model = {.name = {}, .image = job_.image, .role = job_.role, .data = job_.model},
        .instance_type = o_.endpoint_instance_type};
    cloud::deploy(sagemaker_, deployment, undo_, o_.cloud.watching());
    const cloud::EndpointState state = cloud::wait_for_endpoint(sagemaker_, endpoint_, o_.cloud.watching());
    if (state.status != "InService")
      fail<Error>("endpoint ", endpoint_, " is ", state.status, ": ", cloud::one_line(state.failure));
    facts_.add("endpoint", endpoint_);
  }

  void predict(cloud::DeployedEndpoint& endpoint, const char* title,
               const std::vector<std::string>& sentences, const char* name) {
    step(lstmlib::message("asking it about ", sentences.size(), " sentences"));
    const std::string answers = endpoint.invoke(sentences, o_.cloud.json ? "json" : "text");
    if (!o_.cloud.json) return show(title, first_lines(answers, sentences.size()), name);
    auto rows = nlohmann::ordered_json::array();
    for (const std::string& line : first_lines(answers, sentences.size()))
      rows.push_back(nlohmann::ordered_json::parse(line));
    facts_.add(name, rows);
  }

  const CloudRunOptions& o_;
  cloud::Session session_;
  cloud::S3 s3_;
  cloud::SageMaker sagemaker_;
  std::string bucket_, endpoint_;
  cloud::JobState job_;
  Facts facts_;
  cloud::Undo undo_;  // last, because its steps need the other members
};

void run(const CloudRunOptions& o) {
  std::error_code none;
  if (fs::exists(o.out, none) && !(fs::is_directory(o.out, none) && fs::is_empty(o.out, none)))
    fail<lstmlib::FileError>(o.out.string(), ": already exists; choose another folder with --out");
  o.job.check();
  CloudNotebook(o).run();
}

}  // namespace

void add_cloud_run(CLI::App& cloud) {
  auto* command = cloud.add_subcommand(
      "run", "All steps of the notebook: data, upload, job, plots, endpoint, predictions, clean-up");
  const auto o = std::make_shared<CloudRunOptions>();
  o->prepare.dataset = "stsa.binary";
  add_job_options(*command, o->job);
  add_prepare_options(*command, o->prepare);
  command->get_option("--dataset")->capture_default_str();
  command
      ->add_option("--bucket", o->bucket,
                   "Bucket for data and results; default: the account's SageMaker bucket, created if needed")
      ->check(checked_by(cloud::fault_of_bucket));
  command->add_option("--prefix", o->prefix, "Key prefix of the data")
      ->check(checked_by(cloud::fault_of_prefix))
      ->capture_default_str();
  command
      ->add_option("--base-name", o->base_name,
                   "Prefix of the names of job and endpoint; default: the image's name")
      ->check(checked_by(cloud::fault_of_name));
  command->add_option("--endpoint-instance-type", o->endpoint_instance_type, "Instance type of the endpoint")
      ->check(checked_by(cloud::fault_of_instance_type))
      ->capture_default_str();
  command->add_option("--out", o->out, "Folder for data and output")
      ->check(local_path())
      ->capture_default_str();
  add_cloud_options(*command, o->cloud);
  command->footer(
      std::string("Shows the first training lines, uploads the data, runs the job, fetches its output with "
                  "the plots, deploys the model,\n"
                  "sends it three sentences and the first ones of the test file, and deletes the endpoint. "
                  "If a step fails or is\n"
                  "interrupted, the job is stopped and everything is deleted except the objects in S3.\n"
                  "Example:\n  sentiment cloud run --image "
                  "123456789012.dkr.ecr.eu-west-3.amazonaws.com/sentiment:1 --role MyRole \\\n"
                  "    --hyperparameter epochs=10 --out result\n\n") +
      about_credentials);
  command->callback([o] { run_interruptible([&] { run(*o); }); });
}

}  // namespace sentiment
