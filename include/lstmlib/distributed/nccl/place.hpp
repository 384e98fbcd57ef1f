// SPDX-License-Identifier: MIT
#pragma once
// This process's handle in an NCCL communicator, and its error handling.

#include "lstmlib/backend/cuda/side_stream.hpp"
#include "lstmlib/distributed/nccl/library.hpp"
#include "lstmlib/distributed/communicator.hpp"

#include <exception>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI::nccl::detail {

/// Its NCCL calls run on the side stream.
class NcclPlace {
 public:
  NcclPlace(const NcclLibrary& library, const NcclId& id, const distributed::Communicator& host,
            cuda::SideStream& side)
      : library_(library), name_(host.name()), side_(side) {
    const cuda::CurrentDevice scope(side.stream().device());
    check(library.comm_init_rank(&handle_, host.size(), id, host.rank()), "ncclCommInitRank");
  }
  NcclPlace(const NcclPlace&) = delete;
  NcclPlace& operator=(const NcclPlace&) = delete;
  /// After an error the other processes may never arrive, so pending work is aborted.
  ~NcclPlace() {
    if (failed_ || std::uncaught_exceptions() > exceptions_) {
      (void)library_.comm_abort(handle_);
    } else {
      (void)cudaStreamSynchronize(side_.stream().handle());
      (void)library_.comm_destroy(handle_);
    }
  }

  NcclComm handle() const { return handle_; }
  cudaStream_t stream() const { return side_.stream().handle(); }
  const NcclLibrary& library() const { return library_; }

  /// Throws DeviceError unless `call` succeeded.
  void check(NcclResult code, const char* call) {
    if (code == NcclResult::success || code == NcclResult::in_progress) return;
    failed_ = true;
    const std::string more = library_.get_last_error(handle_);
    fail<DeviceError>("nccl: ", call, ", ", name_, ": ", library_.get_error_string(code), " (",
                      static_cast<int>(code), ")", more.empty() ? "" : ": ", more);
  }
  /// Throws DeviceError if an earlier call failed after it had returned.
  void check_earlier_calls() {
    NcclResult state = NcclResult::success;
    check(library_.comm_get_async_error(handle_, &state), "ncclCommGetAsyncError");
    check(state, "an earlier call");
  }

  /// NCCL calls within this scope form one group.
  class Group {
   public:
    explicit Group(NcclPlace& place) : place_(place) {
      place.check(place.library_.group_start(), "ncclGroupStart");
    }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group() {
      if (!ended_) (void)place_.library_.group_end();
    }
    void end() {
      ended_ = true;
      place_.check(place_.library_.group_end(), "ncclGroupEnd");
    }

   private:
    NcclPlace& place_;
    bool ended_ = false;
  };

 private:
  NcclLibrary library_;
  std::string name_;
  cuda::SideStream& side_;
  NcclComm handle_ = nullptr;
  bool failed_ = false;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace lstmlib::nccl::detail
