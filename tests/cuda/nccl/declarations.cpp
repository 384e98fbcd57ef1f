// SPDX-License-Identifier: MIT
// Our own declarations of NCCL's functions and numbers, held against its header: compiled where one is found.
#include "lstmlib/distributed/nccl/library.hpp"

#include <nccl.h>

#include <cstddef>
#include <type_traits>

namespace lstmlib::nccl::declarations {

/// Passed in the same way: pointers, enums of one size, or the same integers; or structs of one size.
template <class Ours, class Theirs>
constexpr bool same_argument() {
  if constexpr (std::is_pointer_v<Ours> || std::is_pointer_v<Theirs>)
    return std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>;
  else if constexpr (std::is_enum_v<Ours> || std::is_enum_v<Theirs>)
    return std::is_enum_v<Ours> && std::is_enum_v<Theirs> && sizeof(Ours) == sizeof(Theirs);
  else if constexpr (std::is_class_v<Ours> || std::is_class_v<Theirs>)
    return std::is_class_v<Ours> && std::is_class_v<Theirs> && sizeof(Ours) == sizeof(Theirs) &&
           alignof(Ours) == alignof(Theirs) && std::is_trivially_copyable_v<Theirs>;
  else return std::is_same_v<Ours, Theirs>;
}
template <class Ours, class Theirs>
struct Same : std::false_type {};
template <class Result, class... Ours, class TheirResult, class... Theirs>
requires(sizeof...(Ours) == sizeof...(Theirs)) struct Same<Result (*)(Ours...), TheirResult (*)(Theirs...)>
    : std::bool_constant<same_argument<Result, TheirResult>() && (same_argument<Ours, Theirs>() && ...)> {
};
template <class Ours, class Theirs>
constexpr bool same(Ours NcclLibrary::*, Theirs*) {
  return Same<Ours, Theirs*>::value;
}

using L = NcclLibrary;
static_assert(same(&L::get_version, &ncclGetVersion) && same(&L::get_unique_id, &ncclGetUniqueId));
static_assert(same(&L::comm_init_rank, &ncclCommInitRank));
static_assert(same(&L::comm_destroy, &ncclCommDestroy) && same(&L::comm_abort, &ncclCommAbort));
static_assert(same(&L::comm_get_async_error, &ncclCommGetAsyncError));
static_assert(same(&L::get_error_string, &ncclGetErrorString));
static_assert(same(&L::get_last_error, &ncclGetLastError));
static_assert(same(&L::all_reduce, &ncclAllReduce) && same(&L::all_gather, &ncclAllGather));
static_assert(same(&L::broadcast, &ncclBroadcast));
static_assert(same(&L::send, &ncclSend) && same(&L::recv, &ncclRecv));
static_assert(same(&L::group_start, &ncclGroupStart) && same(&L::group_end, &ncclGroupEnd));

template <class Ours, class Theirs>
constexpr bool equal(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(equal(NcclResult::success, ncclSuccess) && equal(NcclResult::in_progress, ncclInProgress));
static_assert(equal(NcclType::uint8, ncclUint8) && equal(NcclType::float32, ncclFloat32));
static_assert(equal(NcclType::float64, ncclFloat64) && equal(NcclType::bfloat16, ncclBfloat16));
static_assert(equal(NcclOperation::sum, ncclSum));
static_assert(sizeof(NcclId) == NCCL_UNIQUE_ID_BYTES);
static_assert(std::is_same_v<NcclLibrary::Stream, cudaStream_t>);

}  // namespace lstmlib::nccl::declarations
