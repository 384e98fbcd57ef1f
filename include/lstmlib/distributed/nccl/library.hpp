// SPDX-License-Identifier: MIT
#pragma once
// NCCL's functions, looked up at run time: neither its header nor its library is needed to build.

#include "lstmlib/base/error.hpp"

#include <cstddef>
#include <cstdlib>
#include <string>
#include <type_traits>

#include <dlfcn.h>

struct CUstream_st;  // CUDA's own name

namespace lstmlib::inline LSTMLIB_ABI::nccl {

// NCCL's types and constants, as far as they are used.
using NcclComm = struct NcclOpaque*;
struct NcclId {
  char bytes[128];
};
enum class NcclResult : int { success = 0, in_progress = 7 };
enum class NcclType : int { uint8 = 1, float32 = 7, float64 = 8, bfloat16 = 9 };
enum class NcclOperation : int { sum = 0 };

/// NCCL's functions. The library stays loaded until the program ends.
struct NcclLibrary {
  using Stream = CUstream_st*;
  using Result = NcclResult;

  Result (*get_version)(int* version);
  Result (*get_unique_id)(NcclId*);
  Result (*comm_init_rank)(NcclComm*, int size, NcclId, int rank);
  Result (*comm_destroy)(NcclComm);
  Result (*comm_abort)(NcclComm);
  Result (*comm_get_async_error)(NcclComm, Result*);
  const char* (*get_error_string)(Result);
  const char* (*get_last_error)(NcclComm);
  Result (*all_reduce)(const void* from, void* to, std::size_t count, NcclType, NcclOperation, NcclComm,
                       Stream);
  Result (*all_gather)(const void* from, void* to, std::size_t count, NcclType, NcclComm, Stream);
  Result (*broadcast)(const void* from, void* to, std::size_t count, NcclType, int root, NcclComm, Stream);
  Result (*send)(const void* from, std::size_t count, NcclType, int peer, NcclComm, Stream);
  Result (*recv)(void* to, std::size_t count, NcclType, int peer, NcclComm, Stream);
  Result (*group_start)();
  Result (*group_end)();

  /// Calls `visit(function, name)` for each function.
  template <class Visit>
  void each(Visit visit) {
    visit(get_version, "ncclGetVersion");
    visit(get_unique_id, "ncclGetUniqueId");
    visit(comm_init_rank, "ncclCommInitRank");
    visit(comm_destroy, "ncclCommDestroy");
    visit(comm_abort, "ncclCommAbort");
    visit(comm_get_async_error, "ncclCommGetAsyncError");
    visit(get_error_string, "ncclGetErrorString");
    visit(get_last_error, "ncclGetLastError");
    visit(all_reduce, "ncclAllReduce");
    visit(all_gather, "ncclAllGather");
    visit(broadcast, "ncclBroadcast");
    visit(send, "ncclSend");
    visit(recv, "ncclRecv");
    visit(group_start, "ncclGroupStart");
    visit(group_end, "ncclGroupEnd");
  }
};

/// Throws DeviceError that says what to install.
inline NcclLibrary load_library() {
  constexpr auto what_to_do =
      "; install NCCL 2.13 or newer (NVIDIA's package libnccl2, or nvidia-nccl-cu13 of PyPI), or name its "
      "libnccl.so.2 in LSTMLIB_NCCL_LIBRARY";
  const char* named = std::getenv("LSTMLIB_NCCL_LIBRARY");
  const std::string file = named && *named ? named : "libnccl.so.2";
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) fail<DeviceError>("nccl: ", dlerror(), what_to_do);
  NcclLibrary loaded{};
  loaded.each([&](auto& function, const char* name) {
    void* const found = dlsym(handle, name);
    if (!found) fail<DeviceError>("nccl: ", file, " has no ", name, what_to_do);
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(found);
  });
  int version = 0;
  if (loaded.get_version(&version) != NcclResult::success || version < 21300)
    fail<DeviceError>("nccl: ", file, " is of version ", version / 10000, '.', version / 100 % 100,
                      what_to_do);
  return loaded;
}

}  // namespace lstmlib::nccl
