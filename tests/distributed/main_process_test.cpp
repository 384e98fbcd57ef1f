// SPDX-License-Identifier: MIT
// Of several processes the first alone writes files.
#include "distributed/threads.hpp"
#include "distributed/training.hpp"

#include <algorithm>
#include <fstream>

namespace lstmlib::test {
namespace {

TEST_CASE("updater: extensions write in the first process only, each process having a folder of its own") {
  const auto folder = scratch("parallel_writes");
  const auto folder_of = [&](int rank) { return folder / std::to_string(rank); };
  for (int rank = 0; rank < 3; ++rank) std::filesystem::create_directories(folder_of(rank));
  // What a killed run left is only the first one's to delete.
  const auto left = ".lstmlib-999999999-0.tmp";
  for (int rank = 0; rank < 3; ++rank) std::ofstream(folder_of(rank) / left) << "half";
  in_threads(3, [&](ThreadCommunicator& all) {
    Training<float> training({.sentences = 32, .folder = folder_of(all.rank())});
    distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, training);
    train::Trainer trainer(updater, training.trainer_options());
    trainer.extend(train::snapshot());
    trainer.extend(train::snapshot_object(training.model, "model.npz"), train::epochs(1));
    trainer.extend(train::log_report());
    trainer.run();
  });
  const auto names = [&](int rank) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of(rank)))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  };
  CHECK(names(0) == std::vector<std::string>{"log", "model.npz", "snapshot_iter_2"});
  for (const int rank : {1, 2}) CHECK(names(rank) == std::vector<std::string>{left});
}

}  // namespace
}  // namespace lstmlib::test
