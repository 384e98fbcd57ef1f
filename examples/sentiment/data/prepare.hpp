// SPDX-License-Identifier: MIT
#pragma once
// Converts raw text to prepared data: the step between a data set and training.

#include "sentiment/data/datasets.hpp"
#include "sentiment/data/text/vocabulary.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment {

struct PrepareOptions {
  std::string dataset;                ///< name of a known data set, or empty; then:
  std::filesystem::path train, test;  ///< files of labelled sentences
  std::filesystem::path dev;          ///< replaces the data set's dev file, or adds one
  std::filesystem::path data;         ///< folder to search first for the data set's files; empty: none
  std::filesystem::path out = ".";    ///< for train/train.npz, test/test.npz, dev/dev.npz, vocab/vocab.npy
  VocabularyLimits limits{};
  bool char_based = false;  ///< the vocabulary consists of characters
  std::uint64_t seed = 0;   ///< for the split of a data set with one file
  bool quiet = false;       ///< show no progress
  TextOptions text{};       ///< how to decode the files
};

struct PrepareResult {
  lstmlib::Index classes = 0, words = 0;
  lstmlib::Index train_size = 0, dev_size = 0, test_size = 0;  ///< sentences
};

/// Reads text, assigns word ids and writes the files, after all checks have passed. Removes a dev.npz of an
/// earlier run if there is no dev part now. Throws UnavailableError if the data set cannot be obtained, and
/// whatever reading and writing throw.
PrepareResult prepare(const PrepareOptions& options);

/// The same. But if the data set cannot be obtained, reports that on standard error and uses the built-in
/// corpus; then `options` get its name.
PrepareResult prepare_or_fall_back(PrepareOptions& options);

}  // namespace sentiment
