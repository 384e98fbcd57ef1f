// SPDX-License-Identifier: MIT
#include "sentiment/data/prepare.hpp"

#include "sentiment/data/file.hpp"
#include "sentiment/data/prepared.hpp"
#include "sentiment/data/text/normalize.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"

#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

namespace sentiment {
namespace {

using lstmlib::Index;

LabelledData read_text_data(const PrepareOptions& options) {
  const auto read = [&](const std::filesystem::path& file) {
    return LabelledPart{file.string(), read_labelled_text(file, options.text)};
  };
  LabelledData data;
  if (!options.dataset.empty()) {
    DatasetPlaces places = DatasetPlaces::from_environment();
    places.folder = options.data;
    places.quiet = options.quiet;
    data = load_dataset(find_dataset(options.dataset), places, options.seed, options.text);
  } else {
    data.train = read(options.train);
    data.test = read(options.test);
  }
  if (!options.dev.empty()) data.dev = read(options.dev);
  return data;
}

PreparedData numbered(const std::vector<std::vector<std::string>>& split, const LabelledPart& part,
                      const Vocabulary& vocabulary) {
  PreparedData data;
  data.sentences.reserve(split.size());
  for (const auto& words : split) data.sentences.push_back(vocabulary.ids(words));
  for (const auto& sentence : part.sentences) data.labels.push_back(sentence.label);
  return data;
}

}  // namespace

PrepareResult prepare(const PrepareOptions& options) {
  const LabelledData data = read_text_data(options);
  const std::int32_t classes = count_classes(data.train.sentences, data.train.name);
  check_labels(data.dev.sentences, classes, data.dev.name);
  check_labels(data.test.sentences, classes, data.test.name);

  const auto split = [&](const LabelledPart& part) {
    std::vector<std::vector<std::string>> sentences;
    sentences.reserve(part.sentences.size());
    for (const auto& sentence : part.sentences)
      sentences.push_back(tokens(sentence.text, options.char_based));
    return sentences;
  };
  const auto train = split(data.train);
  const Vocabulary vocabulary = Vocabulary::build(train, options.limits);

  write_prepared(options.out / "train" / "train.npz", numbered(train, data.train, vocabulary));
  write_prepared(options.out / "test" / "test.npz", numbered(split(data.test), data.test, vocabulary));
  const auto dev = options.out / "dev" / "dev.npz";
  std::error_code none;
  if (data.dev.sentences.empty()) std::filesystem::remove(dev, none);
  else write_prepared(dev, numbered(split(data.dev), data.dev, vocabulary));
  write_vocabulary_npy(options.out / "vocab" / "vocab.npy", vocabulary);

  const auto size = [](const LabelledPart& part) { return static_cast<Index>(part.sentences.size()); };
  return {classes, vocabulary.size(), size(data.train), size(data.dev), size(data.test)};
}

PrepareResult prepare_or_fall_back(PrepareOptions& options) {
  try {
    return prepare(options);
  } catch (const UnavailableError& error) {
    std::cerr << "sentiment: " << error.what()
              << "\nGoing on with the small corpus of film sentences that is part of this program. "
              << "Its figures are not those of " << options.dataset << ".\n";
    options.dataset = "films";
    return prepare(options);
  }
}

}  // namespace sentiment
