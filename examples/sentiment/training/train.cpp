// SPDX-License-Identifier: MIT
#include "sentiment/training/train.hpp"

#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/io/file.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/distributed/evaluator.hpp"
#include "lstmlib/distributed/updater.hpp"
#include "lstmlib/train/fail_on_nan.hpp"
#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/plot_report.hpp"
#include "lstmlib/train/print_report.hpp"
#include "lstmlib/train/progress_bar.hpp"
#include "lstmlib/train/snapshot.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/prepared.hpp"
#include "sentiment/data/sha256.hpp"
#include "sentiment/model/device.hpp"
#include "sentiment/model/model_folder.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"
#include "sentiment/training/best_model.hpp"
#include "sentiment/training/checkpoint.hpp"
#include "sentiment/training/processes.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>

namespace sentiment {

using namespace lstmlib;
namespace fs = std::filesystem;

namespace {

struct Corpus {
  Vocabulary vocabulary;
  PreparedData train, test, dev;  ///< dev may be empty
  Index classes;
};

Corpus read_corpus(const TrainOptions& o) {
  const fs::path train_file = o.train / "train.npz", test_file = o.test / "test.npz";
  Corpus corpus{
      read_vocabulary(o.vocab / "vocab.npy"), read_prepared(train_file), read_prepared(test_file), {}, 0};
  corpus.classes = count_classes(corpus.train, train_file);
  const auto check = [&](const PreparedData& data, const fs::path& file) {
    check_ids(data, corpus.vocabulary.size(), file);
    check_labels(data, corpus.classes, file);
  };
  check(corpus.train, train_file);
  check(corpus.test, test_file);
  if (!o.dev.empty()) {
    const fs::path dev_file = o.dev / "dev.npz";
    corpus.dev = read_prepared(dev_file);
    check(corpus.dev, dev_file);
  }
  return corpus;
}

data::LabelledSequences dataset(const PreparedData& data) { return {data.sentences, data.labels}; }

/// Measures the seconds of the updates of each epoch, without evaluation and reports.
class TimedUpdater final : public train::Updater {
 public:
  explicit TimedUpdater(train::Updater& inner) : inner_(&inner) {}

  train::Observation update() override {
    const auto start = std::chrono::steady_clock::now();
    auto seen = inner_->update();
    const auto epoch = static_cast<std::size_t>(inner_->previous_epoch_detail());
    if (seconds_.size() <= epoch) seconds_.resize(epoch + 1);
    seconds_[epoch] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return seen;
  }
  Index iteration() const override { return inner_->iteration(); }
  Index epoch() const override { return inner_->epoch(); }
  double epoch_detail() const override { return inner_->epoch_detail(); }
  double previous_epoch_detail() const override { return inner_->previous_epoch_detail(); }
  void serialize(io::Serializer& serializer) override { inner_->serialize(serializer); }
  bool is_main_process() const override { return inner_->is_main_process(); }
  int stop_signal(int received) const override { return inner_->stop_signal(received); }

  const std::vector<double>& seconds() const { return seconds_; }

 private:
  train::Updater* inner_;
  std::vector<double> seconds_;
};

/// Sentences per update.
Index global_batch_size(const TrainOptions& o, int processes) {
  return o.global_batch_size > 0 ? o.global_batch_size : o.batch_size * processes;
}

void write_summary(const TrainOptions& o, int processes, const Corpus& corpus, const TrainResult& result,
                   const Evaluation& test, const std::vector<double>& seconds) {
  const nlohmann::ordered_json summary{{"seed", o.seed},
                                       {"model_type", name_of(o.model.type)},
                                       {"num_layers", o.model.layers},
                                       {"num_units", o.model.units},
                                       {"dropout", o.model.dropout},
                                       {"batch_size", o.batch_size},
                                       {"processes", processes},
                                       {"global_batch_size", global_batch_size(o, processes)},
                                       {"epochs", o.epochs},
                                       {"bucket_by_length", o.bucket_by_length},
                                       {"precision", name_of(o.precision)},
                                       {"threads", cpu::threads()},
                                       {"vocabulary", corpus.vocabulary.size()},
                                       {"train_sentences", corpus.train.sentences.size()},
                                       {"chosen_on", o.dev.empty() ? "test" : "dev"},
                                       {"best_epoch", result.best_epoch},
                                       {"best_accuracy_mean_over_batches", result.best_accuracy},
                                       {"test_correct", test.correct},
                                       {"test_total", test.total},
                                       {"test_accuracy", test.accuracy()},
                                       {"test_loss", test.loss},
                                       {"train_seconds_by_epoch", seconds}};
  write_text(o.json_summary, summary.dump(2) + "\n");
}

void say_where(const train::Trainer& trainer, const fs::path& snapshot) {
  std::cerr << "Resuming from " << snapshot.string() << ": epoch " << trainer.epoch() << ", iteration "
            << trainer.iteration() << '\n';
}

/// Resumes from what `--resume` names, and reports it.
void resume(const TrainOptions& o, distributed::Communicator& all, train::Trainer& trainer) {
  fs::path snapshot = o.resume;
  if (o.resume == "auto")
    snapshot = distributed::load_newest_snapshot(
        all, trainer, [](const std::string& why) { std::cerr << "Not resumed from: " << why << '\n'; });
  else distributed::load_snapshot(all, snapshot, trainer);
  if (!all.is_main_process()) return;
  if (snapshot.empty())
    std::cerr << "No snapshot in " << o.output_data_dir.string() << ": starting from the beginning\n";
  else say_where(trainer, snapshot);
}

/// Text that is equal for runs that can continue each other's checkpoints. The number of processes may
/// differ.
std::string identity_of(const TrainOptions& o) {
  const auto hash = [](const fs::path& file) { return sha256_of_file(file).substr(0, 8); };
  std::string text = message(
      name_of(o.model.type), ' ', o.model.layers, 'x', o.model.units, " dropout ", o.model.dropout, " batch ",
      o.batch_size, o.global_batch_size > 0 ? message(" global ", o.global_batch_size) : "",
      o.bucket_by_length ? " by length" : "", o.model.char_based ? " characters" : "", ' ', o.epochs,
      " epochs ", name_of(o.precision), o.seed_given ? message(" seed ", o.seed) : "", " data ",
      hash(o.train / "train.npz"), '-', hash(o.test / "test.npz"), '-', hash(o.vocab / "vocab.npy"));
  if (!o.dev.empty()) text += '-' + hash(o.dev / "dev.npz");
  return text;
}

/// Throws AgreedError unless all processes run the same program with the same data and settings.
void require_same_work(const TrainOptions& o, distributed::Communicator& all) {
  if (all.size() == 1) return;
  distributed::require_same(all, "the program", sha256_of_file("/proc/self/exe").substr(0, 16));
  TrainOptions settings = o;
  settings.seed_given = true;
  distributed::require_same(all, "what is trained, or its data,", identity_of(settings));
}

/// "87.35 %"
std::string percent_text(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

void remove_snapshots(const fs::path& folder) {
  for (const auto& file : train::snapshots_in(folder, train::SnapshotOptions{}.file_name)) fs::remove(file);
}

}  // namespace

TrainResult train_model(const TrainOptions& options) {
  distributed::SingleProcess alone;
  return train_model(options, alone);
}

TrainResult train_model(const TrainOptions& given, distributed::Communicator& processes) {
  TrainOptions o = given;
  o.quiet = o.quiet || !processes.is_main_process();
  if (o.threads > 0) cpu::set_threads(o.threads);
  const Device device = distributed::all_or_none(processes, [&] { return find_device(o.device); });
  const auto gpus = connect_gpus(processes, device);
  distributed::Communicator& all = gpus ? *gpus : processes;
  all.broadcast(std::as_writable_bytes(std::span(&o.seed, 1)), 0);  // it may be random
  const Corpus corpus = distributed::all_or_none(all, [&] {
    Corpus read = read_corpus(o);
    o.model.classes = read.classes;
    check_settings(o.model, "settings");
    if (o.precision != Precision::fp32 && o.model.type != ModelType::rnn)
      fail<Error>("precision ", name_of(o.precision), ": a model of type ", name_of(o.model.type),
                  " supports only fp32");
    return read;
  });
  require_same_work(o, all);
  const Index batch_size = global_batch_size(o, all.size());
  if (!o.quiet) {
    std::cerr << corpus.train.sentences.size() << " training sentences, " << corpus.test.sentences.size()
              << " test sentences, " << corpus.vocabulary.size() << " words, " << corpus.classes
              << " classes; " << name_of(o.model.type) << ", " << o.model.units << " units, ";
    if (all.size() > 1)
      std::cerr << batch_size << " sentences per update, " << all.size() << " processes, this one with ";
    std::cerr << (device.is_cpu() ? message(cpu::threads(), cpu::threads() == 1 ? " thread" : " threads")
                                  : message(device))
              << ", seed " << o.seed << '\n';
  }

  set_seed(o.seed);
  Classifier<float> classifier(o.model, corpus.vocabulary.size(), o.precision);
  classifier.to(device);
  optim::Adam adam(classifier);
  adam.add_hook(optim::WeightDecay{1e-4});

  const auto objective = [&](const data::LabelledTokens& batch, train::Observation& seen) {
    const Variable<float> scores = classifier(batch.tokens);
    seen.defer([correct = ops::count_correct(scores, batch.labels)](train::Observation& resolved) {
      const auto counts = correct.counts();
      const double share = static_cast<double>(counts.correct) / static_cast<double>(counts.counted);
      resolved["accuracy"] = share;  // the Chainer scripts report its mean over batches
      resolved.set("accuracy_over_sentences", share, counts.counted);
    });
    return ops::softmax_cross_entropy(scores, batch.labels);
  };
  const auto training_set = dataset(corpus.train),
             validation_set = dataset(o.dev.empty() ? corpus.test : corpus.dev);
  data::SerialIterator training(
      training_set,
      {.batch_size = batch_size, .bucket_by_length = o.bucket_by_length, .seed = o.seed, .device = device});
  data::SerialIterator validation(
      validation_set, {.batch_size = o.batch_size, .shuffle = false, .repeat = false, .device = device});
  distributed::ParallelUpdater together(all, training, classifier, adam, objective,
                                        {.compression = o.compression});
  TimedUpdater updater(together);
  train::Trainer trainer(updater, {.stop = train::epochs(static_cast<double>(o.epochs)),
                                   .folder = o.output_data_dir,
                                   .stop_at_signals = true});

  trainer.extend(distributed::evaluator(all, validation, objective));
  // Parameters are equal in all processes.
  if (all.is_main_process()) trainer.extend(train::fail_on_nan(adam), train::epochs(1));
  trainer.extend(BestModel(classifier, Classifier<float>(o.model, corpus.vocabulary.size()),
                           "validation/main/accuracy"));
  trainer.extend(train::log_report());
  // The best epoch is chosen on the dev sentences, or else on the test sentences.
  const std::string chosen_on = o.dev.empty() ? "test" : "dev";
  for (const std::string what : {"loss", "accuracy"})
    trainer.extend(train::plot_report({.keys = {"main/" + what, "validation/main/" + what},
                                       .names = {"train", chosen_on},
                                       .file_name = what + ".png",
                                       .title = what == "loss" ? "Loss" : "Accuracy",
                                       .mark_max_of = "validation/main/accuracy"}));
  if (!o.quiet) {
    const auto percent = [](std::string key, std::string heading) {
      return train::PrintColumn{std::move(key), std::move(heading), 1, 100};
    };
    trainer.extend(train::print_report(
        {.columns = {{.key = "epoch", .heading = "epoch", .decimals = 0},
                     {.key = "main/loss", .heading = "train loss", .decimals = 3},
                     {.key = "validation/main/loss", .heading = chosen_on + " loss", .decimals = 3},
                     percent("main/accuracy", "train accuracy (%)"),
                     percent("validation/main/accuracy", chosen_on + " accuracy (%)"),
                     {.key = "elapsed_time", .heading = "time (s)", .decimals = 1}}},
        std::cerr));
    trainer.extend(train::progress_bar(std::cerr, train::describe_terminal(2)));
  }
  if (!o.in_job) {
    trainer.extend(train::snapshot({.keep = 2, .compression = io::Compression::store}),
                   train::epochs(static_cast<double>(o.snapshot_every)));
  } else if (!o.checkpoint.empty()) {
    const std::string identity = identity_of(o);
    keep_checkpoint(trainer, o.checkpoint, identity, o.snapshot_every);
    if (o.resume.empty() && load_checkpoint(all, trainer, o.checkpoint, identity) && all.is_main_process())
      say_where(trainer, o.checkpoint);
  }
  if (!o.resume.empty()) resume(o, all, trainer);

  const train::RunResult run = trainer.run();
  BestModel& best = *trainer.find<BestModel>();
  TrainResult result{run.signal, run.snapshot, best.epoch(), std::max(0.0, best.value()), 0, 0};
  if (!all.is_main_process()) return result;
  if (best.epoch() > 0) save_model_folder(o.model_dir, o.model, corpus.vocabulary, best.model());
  if (run.signal) return result;

  best.model().to(device);
  const Evaluation test = evaluate(best.model(), corpus.test);
  result.correct = test.correct;
  result.total = test.total;
  if (!o.in_job) remove_snapshots(o.output_data_dir);
  if (!o.json_summary.empty()) write_summary(o, all.size(), corpus, result, test, updater.seconds());
  if (!o.quiet)
    std::cerr << "Best epoch " << result.best_epoch << ": " << test.correct << " of " << test.total
              << " test sentences correct (" << percent_text(test.accuracy()) << "), "
              << percent_text(result.best_accuracy) << " as the mean over batches"
              << (o.dev.empty() ? " of the test sentences that chose it" : " of the dev sentences")
              << ". Model in " << o.model_dir.string() << '\n';
  return result;
}

}  // namespace sentiment
