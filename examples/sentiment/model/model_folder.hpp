// SPDX-License-Identifier: MIT
#pragma once
// A folder with a trained model: my_model.npz, vocab.json, args.json, the same files as the reference's.

#include "sentiment/model/classifier.hpp"
#include "sentiment/data/text/vocabulary.hpp"

#include <filesystem>

namespace sentiment {

struct TrainedModel {
  ModelSettings settings;
  Vocabulary vocabulary;
  Classifier<float> classifier;
};

/// Reads a folder of this layout, or of the reference's older example (best_model.npz). Nothing is allocated
/// before settings, vocabulary and the file's arrays are known to fit. Throws FileError or FormatError; one
/// line names the keys that are missing or misshapen. `path` is where in the file the model is, as in a snapshot.
TrainedModel load_model_folder(const std::filesystem::path& folder, const std::string& path = {});

/// Writes the three files, each whole or not at all, the model last. Makes the folder. Throws FileError.
void save_model_folder(const std::filesystem::path& folder, const ModelSettings& settings,
                       const Vocabulary& vocabulary, const Classifier<float>& classifier);

}  // namespace sentiment
