// SPDX-License-Identifier: MIT
#pragma once
// From raw text to prepared data: the step between a data set and training.

#include "sentiment/data/datasets.hpp"
#include "sentiment/data/text/vocabulary.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment {

struct PrepareOptions {
  std::string dataset;                ///< a name of known_datasets(); or else:
  std::filesystem::path train, test;  ///< files of labelled sentences
  std::filesystem::path dev;          ///< a file that takes the place of the data set's own, or of none
  std::filesystem::path data;       ///< where the data set's files are looked for first; empty: nowhere else
  std::filesystem::path out = ".";  ///< gets train/train.npz, test/test.npz, dev/dev.npz, vocab/vocab.npy
  VocabularyLimits limits{};
  bool char_based = false;  ///< the vocabulary is of characters
  std::uint64_t seed = 0;   ///< divides a data set of one file
  bool quiet = false;       ///< no progress
  TextOptions text{};       ///< how the files' bytes are read
};

struct PrepareResult {
  lstmlib::Index classes = 0, words = 0;
  lstmlib::Index train_size = 0, dev_size = 0, test_size = 0;  ///< sentences
};

/// Reads the text, numbers its words and writes the files, all after all checks. A dev.npz of an earlier run
/// goes where there is no such part now. Throws UnavailableError where the data set is not to be had, and
/// what else reading and writing throw.
PrepareResult prepare(const PrepareOptions& options);

/// The same; but where the data set is not to be had, says so on standard error and goes on with the small
/// corpus that is part of the program, which `options` names then.
PrepareResult prepare_or_fall_back(PrepareOptions& options);

}  // namespace sentiment
