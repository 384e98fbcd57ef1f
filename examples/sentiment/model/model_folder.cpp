// SPDX-License-Identifier: MIT
#include "sentiment/model/model_folder.hpp"

#include "lstmlib/serialization/archive.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"

namespace sentiment {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largest_settings = 1 << 20;  // bytes

/// Refuses settings that need more numbers than the file can hold, before such a model is allocated.
void check_size(const ModelSettings& settings, const Vocabulary& vocabulary, const fs::path& model) {
  std::error_code error;
  const auto bytes = fs::file_size(model, error);
  if (error) fail<FileError>(model.string(), ": ", error.message());
  constexpr double best_deflation = 1100;  // deflate's maximum ratio is about 1,032 to 1
  if (parameter_count(settings, vocabulary.size()) * sizeof(float) >
      best_deflation * static_cast<double>(bytes))
    fail<FormatError>(model.string(), ": ", bytes, " bytes are too few for a model of ", settings.units,
                      " units, ", settings.layers, " layers and ", vocabulary.size(), " words");
}

}  // namespace

TrainedModel load_model_folder(const fs::path& folder, const std::string& path) {
  const fs::path args = folder / "args.json";
  const ModelSettings settings = parse_settings_json(read_text(args, largest_settings), args.string());
  Vocabulary vocabulary = read_vocabulary(folder / "vocab.json");
  fs::path model = folder / "my_model.npz";
  if (!fs::exists(model) && fs::exists(folder / "best_model.npz")) model = folder / "best_model.npz";
  check_size(settings, vocabulary, model);
  const nn::SkipInit loaded_next;
  Classifier<float> classifier(settings, vocabulary.size());
  try {
    io::load_npz(model, classifier, {.path = path});
  } catch (const FormatError& error) {
    std::string text = error.what();  // uses the library's name of the option
    const auto at = text.find("; to load it, set the option path");
    if (at != std::string::npos)
      text.replace(at, std::string::npos,
                   message(": give predict and evaluate --path ", io::model_in_snapshot));
    throw FormatError(text);
  }
  return {settings, std::move(vocabulary), std::move(classifier)};
}

void save_model_folder(const fs::path& folder, const ModelSettings& settings, const Vocabulary& vocabulary,
                       const Classifier<float>& classifier) {
  make_folder(folder);
  write_vocabulary_json(folder / "vocab.json", vocabulary);
  write_text(folder / "args.json", settings_json(settings));
  io::save_npz(folder / "my_model.npz", classifier);
}

}  // namespace sentiment
