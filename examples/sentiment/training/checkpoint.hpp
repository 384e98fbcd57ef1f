// SPDX-License-Identifier: MIT
#pragma once
// The checkpoint of a training job: one file with the whole run, that a run of the same settings goes on
// from.

#include "lstmlib/distributed/communicator.hpp"
#include "lstmlib/train/trainer.hpp"

#include <filesystem>
#include <string>

namespace sentiment {

/// Extensions that write the file (each `every` epochs, and where a signal ends the run), with `identity` in
/// it: a text that is the same for runs of the same settings and data. The file is replaced when the next one
/// is whole. The folder is this process's alone: what an earlier one left half-written there is deleted.
void keep_checkpoint(lstmlib::train::Trainer& trainer, const std::filesystem::path& file,
                     const std::string& identity, lstmlib::Index every);

/// Goes on from the file, which the first process reads for all. False where there is none; with a line on
/// standard error, and the trainer as before, where it is damaged or of another run.
bool load_checkpoint(lstmlib::distributed::Communicator& all, lstmlib::train::Trainer& trainer,
                     const std::filesystem::path& file, const std::string& identity);

}  // namespace sentiment
