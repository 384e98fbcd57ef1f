// SPDX-License-Identifier: MIT
#pragma once
// Runs a program, or part of it, as one of the processes that mpirun started.

#include "lstmlib/distributed/mpi/communicator.hpp"
#include "lstmlib/distributed/agreement.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>

namespace lstmlib::inline LSTMLIB_ABI::mpi {

/// Whether mpirun started this process, alone or as one of several.
inline bool started_by_mpirun() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(variable)) return true;
  return false;
}

/// Initializes MPI, calls `work(communicator)` in each process, and returns its result, an exit status. If
/// `work` throws, `report(text)` gets the reason with the process's name, and all processes end with status
/// 1, because the others would wait for this one. An AgreedError is reported by the main process only. Call
/// it once per program.
///
///     return mpi::run([&](distributed::Communicator& all) { return train(all, options); });
template <class Work, class Report>
int run(Work work, Report report) {
  int level = MPI_THREAD_SINGLE;
  detail::check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level), "MPI_Init_thread");
  int status = 1;
  try {
    std::optional<MpiCommunicator> all;
    all.emplace();
    try {
      status = work(static_cast<distributed::Communicator&>(*all));
    } catch (const distributed::AgreedError& error) {
      if (all->is_main_process()) report(std::string(error.what()));
      all->barrier();
    } catch (const std::exception& error) {
      report(all->size() > 1 ? all->name() + ": " + error.what() : std::string(error.what()));
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
  } catch (const std::exception& error) {  // thrown by MPI itself
    report(std::string(error.what()));
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return status;
}

/// Reports to standard error.
template <class Work>
int run(Work work) {
  return run(std::move(work), [](const std::string& text) { std::cerr << text << '\n'; });
}

}  // namespace lstmlib::mpi
