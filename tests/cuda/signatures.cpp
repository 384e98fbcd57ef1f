// SPDX-License-Identifier: MIT
// What the stand-in for the CUDA runtime promises: names and types as CUDA's own. Compiled with both.

#include "lstmlib/version.hpp"

#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda::signatures {

template <class Signature>
constexpr bool has(Signature*) {
  return true;
}

using Status = cudaError_t;
using Size = std::size_t;

static_assert(has<Status(void**, Size)>(&cudaMalloc) && has<Status(void*)>(&cudaFree));
static_assert(has<Status(void**, Size)>(&cudaMallocHost) && has<Status(void*)>(&cudaFreeHost));
static_assert(has<Status(void**, Size, unsigned)>(&cudaHostAlloc));
static_assert(has<Status(void*, Size, unsigned)>(&cudaHostRegister) &&
              has<Status(void*)>(&cudaHostUnregister));
static_assert(has<Status(void**, Size, cudaStream_t)>(&cudaMallocAsync));
static_assert(has<Status(void*, cudaStream_t)>(&cudaFreeAsync));
static_assert(has<Status(Size*, Size*)>(&cudaMemGetInfo));
static_assert(has<Status(cudaPointerAttributes*, const void*)>(&cudaPointerGetAttributes));
static_assert(has<Status(void*, const void*, Size, cudaMemcpyKind)>(&cudaMemcpy));
static_assert(has<Status(void*, const void*, Size, cudaMemcpyKind, cudaStream_t)>(&cudaMemcpyAsync));
static_assert(has<Status(void*, int, Size)>(&cudaMemset));
static_assert(has<Status(void*, int, Size, cudaStream_t)>(&cudaMemsetAsync));

static_assert(has<Status(cudaStream_t*)>(&cudaStreamCreate));
static_assert(has<Status(cudaStream_t*, unsigned)>(&cudaStreamCreateWithFlags));
static_assert(has<Status(cudaStream_t)>(&cudaStreamDestroy) &&
              has<Status(cudaStream_t)>(&cudaStreamSynchronize));
static_assert(has<Status(cudaStream_t)>(&cudaStreamQuery) && has<Status()>(&cudaDeviceSynchronize));
static_assert(has<Status(cudaStream_t, cudaEvent_t, unsigned)>(&cudaStreamWaitEvent));
static_assert(has<Status(cudaStream_t, cudaHostFn_t, void*)>(&cudaLaunchHostFunc));
static_assert(has<Status(cudaEvent_t*)>(&cudaEventCreate));
static_assert(has<Status(cudaEvent_t*, unsigned)>(&cudaEventCreateWithFlags));
static_assert(has<Status(cudaEvent_t)>(&cudaEventDestroy) && has<Status(cudaEvent_t)>(&cudaEventQuery));
static_assert(has<Status(cudaEvent_t)>(&cudaEventSynchronize));
static_assert(has<Status(cudaEvent_t, cudaStream_t)>(&cudaEventRecord));
static_assert(has<Status(float*, cudaEvent_t, cudaEvent_t)>(&cudaEventElapsedTime));

static_assert(has<Status(cudaStream_t, cudaStreamCaptureMode)>(&cudaStreamBeginCapture));
static_assert(has<Status(cudaStream_t, cudaGraph_t*)>(&cudaStreamEndCapture));
static_assert(has<Status(cudaStream_t, cudaStreamCaptureStatus*)>(&cudaStreamIsCapturing));
static_assert(has<Status(cudaGraphExec_t*, cudaGraph_t, unsigned long long)>(&cudaGraphInstantiate));
static_assert(
    has<Status(cudaGraphExec_t, cudaGraph_t, cudaGraphExecUpdateResultInfo*)>(&cudaGraphExecUpdate));
static_assert(has<Status(cudaGraphExec_t, cudaStream_t)>(&cudaGraphLaunch));
static_assert(has<Status(cudaGraphExec_t)>(&cudaGraphExecDestroy) &&
              has<Status(cudaGraph_t)>(&cudaGraphDestroy));
static_assert(has<Status(cudaGraph_t, cudaGraphNode_t*, Size*)>(&cudaGraphGetNodes));

static_assert(has<Status(int*)>(&cudaGetDeviceCount) && has<Status(int)>(&cudaSetDevice));
static_assert(has<Status(int*)>(&cudaGetDevice) &&
              has<Status(cudaDeviceProp*, int)>(&cudaGetDeviceProperties));
static_assert(has<Status(int*, cudaDeviceAttr, int)>(&cudaDeviceGetAttribute));
static_assert(has<Status(int*)>(&cudaDriverGetVersion) && has<Status(int*)>(&cudaRuntimeGetVersion));
static_assert(has<Status()>(&cudaGetLastError) && has<Status()>(&cudaPeekAtLastError));
static_assert(has<const char*(Status)>(&cudaGetErrorName) && has<const char*(Status)>(&cudaGetErrorString));

static_assert(has<Status(const void*, cudaFuncAttribute, int)>(&cudaFuncSetAttribute));
static_assert(has<Status(cudaFuncAttributes*, const void*)>(&cudaFuncGetAttributes));
static_assert(has<Status(int*, const void*, int, Size)>(&cudaOccupancyMaxActiveBlocksPerMultiprocessor));
static_assert(has<Status(int*, const void*, const cudaLaunchConfig_t*)>(&cudaOccupancyMaxActiveClusters));

// Numbers, sizes and members.
static_assert(cudaErrorMemoryAllocation == 2 && cudaErrorNoDevice == 100 && cudaErrorNotReady == 600);
static_assert(cudaErrorStreamCaptureUnsupported == 900 && cudaErrorInvalidClusterSize == 912);
static_assert(cudaErrorGraphExecUpdateFailure == 910 && cudaErrorNotSupported == 801);
static_assert(cudaMemcpyHostToDevice == 1 && cudaMemcpyDeviceToHost == 2 && cudaStreamNonBlocking == 1);
static_assert(cudaStreamCaptureModeRelaxed == 2 && cudaFuncAttributeNonPortableClusterSizeAllowed == 14);
static_assert(cudaDevAttrClusterLaunch == 120 && cudaDevAttrMaxSharedMemoryPerBlockOptin == 97);
static_assert(cudaLaunchAttributeClusterDimension == 4 &&
              cudaLaunchAttributeProgrammaticStreamSerialization == 6);
static_assert(sizeof(cudaLaunchAttribute) == 72 && sizeof(cudaLaunchConfig_t) == 56);
static_assert(sizeof(float4) == 16 && alignof(float4) == 16 && sizeof(uint2) == 8 && alignof(uint2) == 8);

template <class Member, class Struct>
constexpr bool holds(Member Struct::*) {
  return true;
}
static_assert(holds<int>(&cudaDeviceProp::major) && holds<int>(&cudaDeviceProp::minor));
static_assert(holds<int>(&cudaDeviceProp::multiProcessorCount) && holds<int>(&cudaDeviceProp::l2CacheSize));
static_assert(holds<Size>(&cudaDeviceProp::totalGlobalMem) &&
              holds<Size>(&cudaDeviceProp::sharedMemPerBlock));
static_assert(holds<Size>(&cudaDeviceProp::sharedMemPerBlockOptin) &&
              holds<int>(&cudaDeviceProp::clusterLaunch));
static_assert(holds<Size>(&cudaDeviceProp::sharedMemPerMultiprocessor) &&
              holds<int>(&cudaDeviceProp::ECCEnabled));
static_assert(holds<Size>(&cudaDeviceProp::reservedSharedMemPerBlock) &&
              holds<int>(&cudaDeviceProp::integrated));
static_assert(holds<int>(&cudaDeviceProp::maxThreadsPerMultiProcessor) &&
              holds<int>(&cudaDeviceProp::regsPerBlock));
static_assert(holds<int>(&cudaDeviceProp::maxBlocksPerMultiProcessor) &&
              holds<int>(&cudaDeviceProp::warpSize));
static_assert(holds<int>(&cudaFuncAttributes::numRegs) && holds<Size>(&cudaFuncAttributes::localSizeBytes));
static_assert(holds<int>(&cudaLaunchAttributeValue::programmaticStreamSerializationAllowed));
static_assert(holds<dim3>(&cudaLaunchConfig_t::gridDim) &&
              holds<Size>(&cudaLaunchConfig_t::dynamicSmemBytes));
static_assert(holds<cudaGraphExecUpdateResult>(&cudaGraphExecUpdateResultInfo::result));

}  // namespace lstmlib::cuda::signatures
