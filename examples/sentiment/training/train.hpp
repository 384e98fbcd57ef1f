// SPDX-License-Identifier: MIT
#pragma once
// Trains one model from prepared data, for `sentiment train` and `sentiment run`.

#include "lstmlib/base/precision.hpp"
#include "lstmlib/distributed/communicator.hpp"
#include "sentiment/model/settings.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sentiment {

struct TrainOptions {
  std::filesystem::path train, test, vocab;  ///< folders of train.npz, test.npz, vocab.npy
  std::filesystem::path dev;              ///< folder of dev.npz; if empty, test data selects the best model
  std::filesystem::path model_dir;        ///< for the best model
  std::filesystem::path output_data_dir;  ///< for log, plots and snapshots
  lstmlib::Index epochs = 30,
                 batch_size = 64;        ///< per process: an update uses one batch per process
  lstmlib::Index global_batch_size = 0;  ///< sentences per update of all processes; 0: not given
  lstmlib::distributed::GradientCompression compression =
      lstmlib::distributed::GradientCompression::none;      ///< of gradients between processes
  ModelSettings model;                                      ///< the number of classes comes from the data
  bool bucket_by_length = false;                            ///< batches of sentences of similar length
  lstmlib::Precision precision = lstmlib::Precision::fp32;  ///< of an LSTM's products; not int8
  std::uint64_t seed = 0;
  std::string device = "auto";        ///< auto, cpu, cuda, cuda:N
  int threads = 0;                    ///< 0: all cores
  std::string resume;                 ///< empty, "auto", or a snapshot file
  lstmlib::Index snapshot_every = 1;  ///< epochs
  bool in_job = false;  ///< no snapshots among the results, which all leave the machine; instead:
  std::filesystem::path checkpoint;    ///< file for the whole run, resumed from if it exists; empty: none
  bool seed_given = false;             ///< a checkpoint with another seed belongs to another run
  std::filesystem::path json_summary;  ///< empty: none
  bool quiet = false;                  ///< no progress, only requested results
};

struct TrainResult {
  int signal = 0;                  ///< signal that stopped it, or 0
  std::filesystem::path snapshot;  ///< file to resume from, if a signal stopped it
  lstmlib::Index best_epoch = 0;   ///< 0: no epoch was finished
  /// Mean over the batches of the selection data, as the Chainer scripts report it.
  double best_accuracy = 0;
  lstmlib::Index correct = 0, total = 0;  ///< of the best model on the test sentences
};

/// Trains with all processes of the communicator, which must have the same options and data. The main process
/// writes files and reports; the rest of the result is equal in all. Throws FileError or FormatError for
/// unusable data before anything is written. Several processes throw AgreedError, also if their programs,
/// data or settings differ.
TrainResult train_model(const TrainOptions& options, lstmlib::distributed::Communicator& all);
/// Trains in this process alone.
TrainResult train_model(const TrainOptions& options);

}  // namespace sentiment
