// SPDX-License-Identifier: MIT
// How large a batch keeps the accuracy: trains the sentiment rnn with several batches and learning rates.
// Processes that train together follow one that takes the whole batch, so one process tells.
//   distributed_accuracy TRAIN DEV TEST [--seeds N] [--epochs N] [BATCH:LEARNING_RATE ...]
// One line of JSON for each run: the best epoch by the dev sentences, and the accuracy on the test sentences
// then.
#include "side.hpp"
#include "training.hpp"

#include <lstmlib/lstmlib.hpp>

#include <exception>

namespace {

using namespace side;

struct Setting {
  Index batch;
  double learning_rate;
};

struct Options {
  std::vector<std::string> files;
  std::uint64_t seeds = 3;
  Index epochs = 10;
  std::vector<Setting> settings;
};

Options parse(int count, char** words) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--seeds" && has_value) o.seeds = std::stoul(words[++i]);
    else if (word == "--epochs" && has_value) o.epochs = std::stol(words[++i]);
    else if (o.files.size() < 3) o.files.push_back(word);
    else if (const auto colon = word.find(':'); colon != std::string::npos)
      o.settings.push_back({std::stol(word.substr(0, colon)), std::stod(word.substr(colon + 1))});
    else throw std::runtime_error("\"" + word + "\": BATCH:LEARNING_RATE expected");
  }
  if (o.files.size() < 3) throw std::runtime_error("three files expected: TRAIN DEV TEST");
  // Fixed, by the square root of the batch, and in proportion to it.
  if (o.settings.empty())
    o.settings = {{64, 1e-3},   {256, 1e-3},  {256, 2e-3},  {256, 4e-3},
                  {1024, 1e-3}, {1024, 4e-3}, {1024, 16e-3}};
  return o;
}

/// The share of sentences that are classified right, in percent.
double accuracy(Parts& parts, const data::LabelledSequences& sentences) {
  const Inference inference;
  data::SerialIterator batches(sentences, {.batch_size = 64, .shuffle = false, .repeat = false});
  Index correct = 0;
  while (!batches.done()) {
    const auto batch = batches.next();
    correct += ops::count_correct(parts.model(batch.tokens), batch.labels).counts().correct;
  }
  return 100 * static_cast<double>(correct) / static_cast<double>(sentences.size());
}

int run(const Options& o) {
  const auto corpus = workload::read_corpus(o.files[0], o.files[1]);
  const auto train = dataset(corpus.train), dev = dataset(corpus.test),
             test = dataset(workload::read_corpus(o.files[0], o.files[2]).test);
  for (std::uint64_t seed = 1; seed <= o.seeds; ++seed)
    for (const Setting& setting : o.settings) {
      set_seed(seed);
      Parts parts(train, {.words = corpus.words, .batch = setting.batch, .seed = seed});
      parts.adam.options.learning_rate = setting.learning_rate;
      Standard updater(parts.batches, parts.model, parts.adam, parts);
      double best = 0, test_then = 0;
      Index best_epoch = 0;
      for (Index epoch = 1; epoch <= o.epochs; ++epoch) {
        while (updater.epoch() < epoch) updater.update();
        const double now = accuracy(parts, dev);
        if (now <= best) continue;
        best = now, best_epoch = epoch, test_then = accuracy(parts, test);
      }
      std::cout << "{\"batch\": " << setting.batch << ", \"learning_rate\": " << number(setting.learning_rate)
                << ", \"seed\": " << seed << ", \"epochs\": " << o.epochs
                << ", \"best_epoch\": " << best_epoch << ", \"dev\": " << number(best)
                << ", \"test\": " << number(test_then) << '}' << std::endl;
    }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(parse(count, words));
  } catch (const std::exception& error) {
    std::cerr << "distributed_accuracy: " << error.what() << '\n';
    return 1;
  }
}
