// SPDX-License-Identifier: MIT
#pragma once
// Sums and gathers between GPUs by NCCL, for processes with one GPU each. This header is plain C++; what it
// declares is in lstmlib::cuda, or in a program's .cu file with lstmlib/distributed/nccl/communicator.cuh. NCCL itself is not
// needed to build anything: the library is loaded when a communicator is made.

#include "lstmlib/distributed/communicator.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::nccl {

/// Collective. Sums and gathers on `device`, a GPU of this process alone, go through NCCL, on a stream beside
/// the back end's, also within Backend::run_as_graph; all else goes to `host`, which must outlive the result.
///
/// The library is libnccl.so.2 of NCCL 2.13 or newer, or the file that LSTMLIB_NCCL_LIBRARY names in the
/// environment. Throws DeviceError, on every process, if one of them cannot load it, has no GPU there, or
/// alone uses no graphs (LSTMLIB_CUDA_GRAPHS): NCCL asks that all do or none.
///
/// NCCL's errors are DeviceError with its text, the call and this process's name(), thrown by the call that
/// made them or by a later one or wait(). After one, only the destructor may be called. A process that is
/// gone without an error is noticed by what `host` does about it: NCCL waits for ever. The result is
/// destroyed outside of run_as_graph, and after all that its calls returned; graphs that were made ready for the
/// device are given up then, as NCCL waits for those that refer to it.
std::unique_ptr<distributed::Communicator> make_communicator(distributed::Communicator& host, Device device);

}  // namespace lstmlib::nccl
