// SPDX-License-Identifier: MIT
#include "sentiment/training/processes.hpp"

#ifdef LSTMLIB_HAS_MPI
#include "lstmlib/mpi.hpp"
#endif

#include <cstdlib>
#include <string_view>

namespace sentiment {

using namespace lstmlib;

int with_all_processes(const std::function<int(parallel::Communicator&)>& work,
                       const std::function<void(const std::string&)>& report) {
#ifdef LSTMLIB_HAS_MPI
  if (mpi::started_by_mpirun()) return mpi::run(work, report);
#else
  static_cast<void>(report);
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size && std::string_view(size) != "1")
    fail<Error>("MPI started ", size, " processes, and this program was built without MPI");
#endif
  parallel::SingleProcess alone;
  return work(alone);
}

}  // namespace sentiment
