// SPDX-License-Identifier: MIT
#pragma once
// All-reduce and all-gather between GPUs by NCCL, for processes with one GPU each. This header is plain C++.
// The definitions are in lstmlib::cuda, or in a .cu file that includes
// lstmlib/distributed/nccl/communicator.cuh. NCCL is not needed to build: the library is loaded when a
// communicator is made.

#include "lstmlib/distributed/communicator.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::nccl {

/// Makes a communicator for `device`, a GPU that no other process uses. Collective. NCCL runs all-reduces and
/// all-gathers of tensors on `device`, on a stream parallel to the back end's, also within
/// Backend::run_as_graph. Everything else goes to `host`, which must outlive the result.
///
///     auto all = nccl::make_communicator(host, Device::parse("cuda"));
///     distributed::ParallelUpdater updater(*all, batches, model, optimizer, objective);
///
/// Loads libnccl.so.2 of NCCL 2.13 or newer, or the file that the environment variable LSTMLIB_NCCL_LIBRARY
/// names. Throws DeviceError in every process if one cannot load it or has no GPU. Also throws if only some
/// processes use graphs (LSTMLIB_CUDA_GRAPHS), because NCCL requires that all do or none.
///
/// NCCL's errors become DeviceError with its text, the call and this process's name(). They are thrown by the
/// call that failed, by a later call or by wait(). After an error only the destructor may be called. If a
/// process disappears without an error, NCCL waits forever; only `host` can notice that.
///
/// Destroy the result outside of run_as_graph, after everything that its calls returned. This also destroys
/// the device's graphs that are ready to run, because NCCL waits for graphs that refer to it.
std::unique_ptr<distributed::Communicator> make_communicator(distributed::Communicator& host, Device device);

}  // namespace lstmlib::nccl
