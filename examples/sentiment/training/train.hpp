// SPDX-License-Identifier: MIT
#pragma once
// Trains one model from prepared data: what `sentiment train` and `sentiment run` do.

#include "lstmlib/base/precision.hpp"
#include "lstmlib/distributed/communicator.hpp"
#include "sentiment/model/settings.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sentiment {

struct TrainOptions {
  std::filesystem::path train, test, vocab;  ///< folders with train.npz, test.npz, vocab.npy
  std::filesystem::path dev;        ///< folder with dev.npz, or empty: then the best model is chosen on test
  std::filesystem::path model_dir;  ///< for the best model
  std::filesystem::path output_data_dir;  ///< for log, plots and snapshots
  lstmlib::Index epochs = 30,
                 batch_size = 64;        ///< of one process: an update takes as many batches as there are
  lstmlib::Index global_batch_size = 0;  ///< sentences of one update, of all processes together; 0: not given
  lstmlib::distributed::GradientCompression compression =
      lstmlib::distributed::GradientCompression::none;      ///< of gradients between processes
  ModelSettings model;                                      ///< its number of classes comes from the data
  bool bucket_by_length = false;                            ///< batches of sentences of near-equal length
  lstmlib::Precision precision = lstmlib::Precision::fp32;  ///< of an LSTM's products; not int8
  std::uint64_t seed = 0;
  std::string device = "auto";        ///< auto, cpu, cuda, cuda:N
  int threads = 0;                    ///< 0: as many as the machine has
  std::string resume;                 ///< empty, "auto", or a snapshot's file
  lstmlib::Index snapshot_every = 1;  ///< epochs
  bool in_job = false;  ///< no snapshots among the results, which all leave the machine; instead:
  std::filesystem::path
      checkpoint;           ///< a job's file for the whole run, gone on from where it is there; empty: none
  bool seed_given = false;  ///< a checkpoint with another one is of another run
  std::filesystem::path json_summary;  ///< empty: none
  bool quiet = false;                  ///< no progress, only what was asked for
};

struct TrainResult {
  int signal = 0;                  ///< that stopped it, or 0
  std::filesystem::path snapshot;  ///< or checkpoint, to resume from, if a signal stopped it
  lstmlib::Index best_epoch = 0;   ///< 0: no epoch was finished
  double best_accuracy = 0;  ///< mean over the batches of the data that chose it, as the reference reports
  lstmlib::Index correct = 0, total = 0;  ///< of the best model on the test sentences
};

/// Trains with all processes of the communicator, which have the same options and data; the first one writes
/// and reports, and the rest of its result is the others', too. Throws FileError or FormatError for data that
/// cannot be used, before anything is written; of several processes AgreedError, also where they differ in
/// program, data or settings.
TrainResult train_model(const TrainOptions& options, lstmlib::distributed::Communicator& all);
/// By this process alone.
TrainResult train_model(const TrainOptions& options);

}  // namespace sentiment
