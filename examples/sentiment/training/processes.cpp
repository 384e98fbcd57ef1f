// SPDX-License-Identifier: MIT
#include "sentiment/training/processes.hpp"

#ifdef LSTMLIB_HAS_MPI
#include "lstmlib/mpi.hpp"
#endif
#ifdef LSTMLIB_HAS_CUDA
#include "lstmlib/distributed/nccl/communicator.hpp"
#endif

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace sentiment {

using namespace lstmlib;

int with_all_processes(const std::function<int(distributed::Communicator&)>& work,
                       const std::function<void(const std::string&)>& report) {
#ifdef LSTMLIB_HAS_MPI
  if (mpi::started_by_mpirun()) return mpi::run(work, report);
#else
  static_cast<void>(report);
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size && std::string_view(size) != "1")
    fail<Error>("MPI started ", size, " processes, but this program was built without MPI");
#endif
  distributed::SingleProcess alone;
  return work(alone);
}

std::unique_ptr<distributed::Communicator> connect_gpus(distributed::Communicator& all, Device device) {
  if (all.size() == 1 || device.is_cpu()) return nullptr;
  std::string why = "this program was built without CUDA";
#ifdef LSTMLIB_HAS_CUDA
  try {
    return nccl::make_communicator(all, device);
  } catch (const DeviceError& error) { why = error.what(); }  // thrown in all processes
#endif
  if (all.is_main_process())
    std::cerr << "sentiment: gradients travel between GPUs through host memory, which is slow: " + why + '\n';
  return nullptr;
}

}  // namespace sentiment
