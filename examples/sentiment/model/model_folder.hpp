// SPDX-License-Identifier: MIT
#pragma once
// The folder of a trained model: my_model.npz, vocab.json and args.json, the same files as the Chainer
// scripts write.

#include "sentiment/model/classifier.hpp"
#include "sentiment/data/text/vocabulary.hpp"

#include <filesystem>

namespace sentiment {

struct TrainedModel {
  ModelSettings settings;
  Vocabulary vocabulary;
  Classifier<float> classifier;
};

/// Reads such a folder, or one of the Chainer scripts' older example (best_model.npz). Nothing is allocated
/// before settings, vocabulary and arrays were checked against each other. Throws FileError, or FormatError
/// with the keys that are missing or have a wrong shape. `path` is the location of the model in the file,
/// such as in a snapshot.
TrainedModel load_model_folder(const std::filesystem::path& folder, const std::string& path = {});

/// Writes the three files, each atomically, the model last. Creates the folder. Throws FileError.
void save_model_folder(const std::filesystem::path& folder, const ModelSettings& settings,
                       const Vocabulary& vocabulary, const Classifier<float>& classifier);

}  // namespace sentiment
