// SPDX-License-Identifier: MIT
#pragma once
// The checkpoint of a training job: one file with the whole run, from which a run with the same settings
// continues.

#include "lstmlib/distributed/communicator.hpp"
#include "lstmlib/train/trainer.hpp"

#include <filesystem>
#include <string>

namespace sentiment {

/// Adds extensions that write the file each `every` epochs and when a signal ends the run. The file contains
/// `identity`, a text that is equal for runs with the same settings and data. It is replaced atomically. The
/// folder must belong to this process alone: partial files of earlier processes are deleted.
void keep_checkpoint(lstmlib::train::Trainer& trainer, const std::filesystem::path& file,
                     const std::string& identity, lstmlib::Index every);

/// Resumes from the file, which the main process reads for all. Returns false if there is none. If it is
/// damaged or belongs to another run, reports that on standard error, leaves the trainer unchanged and
/// returns false.
bool load_checkpoint(lstmlib::distributed::Communicator& all, lstmlib::train::Trainer& trainer,
                     const std::filesystem::path& file, const std::string& identity);

}  // namespace sentiment
