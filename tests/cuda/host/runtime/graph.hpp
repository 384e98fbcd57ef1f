// SPDX-License-Identifier: MIT
#pragma once
// Graphs: what a stream captured, in the order of the calls.

#include "streams.hpp"

#include "../cuda.h"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct CUgraph_st {
  std::vector<lstmlib::cuda::model::Work> works;
};
struct CUgraphExec_st {
  std::shared_ptr<const std::vector<lstmlib::cuda::model::Work>> works;
};

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  auto& streams = model::streams();
  if (!stream) return model::result(cudaErrorStreamCaptureUnsupported);  // the legacy stream cannot
  if (const auto error = streams.usable(streams.resolve(stream)); error != cudaSuccess)
    return model::result(error);
  if (stream->capture) return model::result(cudaErrorStreamCaptureUnsupported);
  stream->capture = std::make_shared<model::Capture>();
  stream->capture->origin = stream;
  stream->capture->mode = mode;
  stream->capture->thread = std::this_thread::get_id();
  stream->captured = stream->joined = 0;
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *graph = nullptr;
  if (!model::streams().resolve(stream)) return model::result(cudaErrorInvalidResourceHandle);
  if (!stream || !stream->capture) return model::result(cudaErrorInvalidValue);
  const auto capture = stream->capture;
  if (capture->origin != stream) {
    capture->valid = false;
    return model::result(cudaErrorStreamCaptureUnmatched);
  }
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id())
    return model::result(cudaErrorStreamCaptureWrongThread);
  const bool joined = model::streams().leave(capture);
  auto works = std::exchange(capture->works, {});  // events keep the capture, not what it refers to
  if (!capture->valid) return model::result(cudaErrorStreamCaptureInvalidated);
  if (!joined) return model::result(cudaErrorStreamCaptureUnjoined);
  *graph = new CUgraph_st{std::move(works)};
  return cudaSuccess;
}
inline cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  const cudaStream_t known = model::streams().resolve(stream);
  if (!known) return model::result(cudaErrorInvalidResourceHandle);
  *status = !known->capture         ? cudaStreamCaptureStatusNone
            : known->capture->valid ? cudaStreamCaptureStatusActive
                                    : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                        unsigned long long = 0) {
  *executable =
      new CUgraphExec_st{std::make_shared<const std::vector<lstmlib::cuda::model::Work>>(graph->works)};
  return cudaSuccess;
}
inline cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  if (nodes)
    for (std::size_t i = 0; i < *count && i < graph->works.size(); ++i)
      nodes[i] = reinterpret_cast<cudaGraphNode_t>(&graph->works[i]);
  *count = graph->works.size();
  return cudaSuccess;
}
inline cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  using Kind = lstmlib::cuda::model::Work::Kind;
  switch (reinterpret_cast<const lstmlib::cuda::model::Work*>(node)->kind) {
    case Kind::kernel:
    case Kind::library: *type = cudaGraphNodeTypeKernel; break;
    case Kind::copy: *type = cudaGraphNodeTypeMemcpy; break;
    case Kind::set: *type = cudaGraphNodeTypeMemset; break;
    case Kind::host: *type = cudaGraphNodeTypeHost; break;
    case Kind::graph: *type = cudaGraphNodeTypeGraph; break;
    case Kind::event: *type = cudaGraphNodeTypeEventRecord; break;
  }
  return cudaSuccess;
}
/// Of a kernel, its address; of a library's work, one for each name.
inline CUresult cuGraphKernelNodeGetParams(cudaGraphNode_t node, CUDA_KERNEL_NODE_PARAMS* parameters) {
  const auto& work = *reinterpret_cast<const lstmlib::cuda::model::Work*>(node);
  const lstmlib::cuda::model::RuntimeLock lock(lstmlib::cuda::model::runtime_mutex());
  static std::set<std::string> names;
  const void* known = work.function ? work.function : &*names.insert(work.name).first;
  *parameters = {};
  parameters->func = static_cast<CUfunction>(const_cast<void*>(known));
  return CUDA_SUCCESS;
}
/// No work of these tests changes its clusters: each kernel has its own, and the stand-in for cuBLAS none.
inline cudaError_t cudaGraphKernelNodeGetAttribute(cudaGraphNode_t, cudaLaunchAttributeID,
                                                   cudaLaunchAttributeValue* value) {
  *value = {};
  return cudaSuccess;
}
inline cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                                    unsigned long long,
                                                    cudaDriverEntryPointQueryResult* result) {
  const bool known = std::string_view(name) == "cuGraphKernelNodeGetParams";
  *function = known ? reinterpret_cast<void*>(&cuGraphKernelNodeGetParams) : nullptr;
  *result = known ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
/// Fails where the graphs differ in the number of works or their kinds. Where kernels differ, it succeeds as
/// drivers do, and what the graph does then is wrong: those do not run.
inline cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph,
                                       cudaGraphExecUpdateResultInfo* info) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *info = {};
  const auto& before = *executable->works;
  auto after = std::make_shared<std::vector<model::Work>>(graph->works);
  if (before.size() != after->size()) info->result = cudaGraphExecUpdateErrorTopologyChanged;
  for (std::size_t i = 0; info->result == cudaGraphExecUpdateSuccess && i < before.size(); ++i) {
    model::Work& work = (*after)[i];
    if (before[i].kind != work.kind) info->result = cudaGraphExecUpdateErrorNodeTypeChanged;
    else if (before[i].function != work.function || before[i].name != work.name) work.run = [] {};
  }
  if (info->result != cudaGraphExecUpdateSuccess) return model::result(cudaErrorGraphExecUpdateFailure);
  executable->works = std::move(after);
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  using namespace lstmlib::cuda;
  return model::enqueue(
      stream, "graph",
      [works = executable->works] {
        for (const model::Work& work : *works) work.run();
      },
      model::Work::Kind::graph);
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
