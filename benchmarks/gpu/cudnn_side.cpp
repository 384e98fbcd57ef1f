// SPDX-License-Identifier: MIT
// cuDNN's side of the comparison, without a framework in between: LSTM layers by each of its algorithms.
//   cudnn_side PART --sizes FILE [--budget SECONDS] [--limit SECONDS]
// Variants are named PRECISION, LAUNCH, ALGORITHM. What cuDNN refuses is left out, with its reason on the
// error output.
#include "sizes.hpp"

#include <cuda_runtime.h>
#include <cudnn.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string_view>

namespace {

void check(cudnnStatus_t code, const char* what) {
  if (code != CUDNN_STATUS_SUCCESS)
    throw std::runtime_error(std::string(what) + ": " + cudnnGetErrorString(code));
}
void check(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  (void)cudaGetLastError();  // else the next call would report it again
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(code));
}

/// An object of cuDNN or of the runtime, with what ends it.
template <class Handle, class End>
class Owned {
 public:
  explicit Owned(End end) : end_(end) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (handle) end_(handle);
  }
  Handle handle = nullptr;

 private:
  End end_;
};
using Descriptor = Owned<cudnnRNNDescriptor_t, cudnnStatus_t (*)(cudnnRNNDescriptor_t)>;
using DataDescriptor = Owned<cudnnRNNDataDescriptor_t, cudnnStatus_t (*)(cudnnRNNDataDescriptor_t)>;
using StateDescriptor = Owned<cudnnTensorDescriptor_t, cudnnStatus_t (*)(cudnnTensorDescriptor_t)>;
using DropoutDescriptor = Owned<cudnnDropoutDescriptor_t, cudnnStatus_t (*)(cudnnDropoutDescriptor_t)>;
using Graph = Owned<cudaGraphExec_t, cudaError_t (*)(cudaGraphExec_t)>;

struct Memory {
  explicit Memory(std::size_t bytes) {
    check(cudaMalloc(&data, std::max<std::size_t>(bytes, 1)), "cudaMalloc");
    check(cudaMemset(data, 0, std::max<std::size_t>(bytes, 1)), "cudaMemset");
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { (void)cudaFree(data); }
  void* data = nullptr;
};

struct Algorithm {
  const char* name;
  cudnnRNNAlgo_t value;
};
constexpr Algorithm algorithms[] = {{"standard", CUDNN_RNN_ALGO_STANDARD},
                                    {"persist static", CUDNN_RNN_ALGO_PERSIST_STATIC},
                                    {"persist dynamic", CUDNN_RNN_ALGO_PERSIST_DYNAMIC},
                                    {"persist static small", CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H}};
struct Precision {
  const char* name;
  cudnnDataType_t type;
  cudnnMathType_t math;
  std::size_t bytes;
};
constexpr Precision precisions[] = {{"tf32", CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH, 4},
                                    {"fp32", CUDNN_DATA_FLOAT, CUDNN_FMA_MATH, 4},
                                    {"fp16", CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH, 2},
                                    {"bf16", CUDNN_DATA_BFLOAT16, CUDNN_TENSOR_OP_MATH, 2}};

/// A layer: forward for inference, forward and back for training.
class LayerCase {
 public:
  LayerCase(cudnnHandle_t handle, const sizes::Layer& layer, const Precision& precision,
            const Algorithm& algorithm)
      : handle_(handle), lengths_(layer.lengths()), device_lengths_(lengths_.size() * sizeof(std::int32_t)) {
    const int directions = layer.kind == "both" ? 2 : 1, layers = layer.kind == "deep" ? 2 : 1;
    check(cudnnCreateDropoutDescriptor(&dropout_.handle), "cudnnCreateDropoutDescriptor");
    check(cudnnSetDropoutDescriptor(dropout_.handle, handle, 0, nullptr, 0, 0), "cudnnSetDropoutDescriptor");
    check(cudnnCreateRNNDescriptor(&rnn_.handle), "cudnnCreateRNNDescriptor");
    check(cudnnSetRNNDescriptor_v8(rnn_.handle, algorithm.value, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS,
                                   directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                   CUDNN_LINEAR_INPUT, precision.type, CUDNN_DATA_FLOAT, precision.math,
                                   layer.inputs, layer.hidden, layer.hidden, layers, dropout_.handle,
                                   CUDNN_RNN_PADDED_IO_DISABLED),
          "cudnnSetRNNDescriptor_v8");
    if (algorithm.value == CUDNN_RNN_ALGO_PERSIST_DYNAMIC)
      check(cudnnBuildRNNDynamic(handle, rnn_.handle, layer.batch), "cudnnBuildRNNDynamic");
    set(input_, precision, layer, layer.inputs);
    set(output_, precision, layer, directions * layer.hidden);
    check(cudnnCreateTensorDescriptor(&state_.handle), "cudnnCreateTensorDescriptor");
    const int dims[] = {layers * directions, layer.batch, layer.hidden},
              strides[] = {layer.batch * layer.hidden, layer.hidden, 1};
    check(cudnnSetTensorNdDescriptor(state_.handle, precision.type, 3, dims, strides),
          "cudnnSetTensorNdDescriptor");
    check(cudaMemcpy(device_lengths_.data, lengths_.data(), lengths_.size() * sizeof(std::int32_t),
                     cudaMemcpyHostToDevice),
          "cudaMemcpy");

    check(cudnnGetRNNWeightSpaceSize(handle, rnn_.handle, &weight_bytes_), "cudnnGetRNNWeightSpaceSize");
    std::size_t for_inference = 0, unused = 0;
    check(cudnnGetRNNTempSpaceSizes(handle, rnn_.handle, CUDNN_FWD_MODE_INFERENCE, input_.handle,
                                    &for_inference, &unused),
          "cudnnGetRNNTempSpaceSizes");
    check(cudnnGetRNNTempSpaceSizes(handle, rnn_.handle, CUDNN_FWD_MODE_TRAINING, input_.handle, &work_bytes_,
                                    &reserve_bytes_),
          "cudnnGetRNNTempSpaceSizes");
    work_bytes_ = std::max(work_bytes_, for_inference);
    const auto tokens = static_cast<std::size_t>(layer.steps) * static_cast<std::size_t>(layer.batch);
    const auto bytes = [&](std::size_t rows, int width) {
      return rows * static_cast<std::size_t>(width) * precision.bytes;
    };
    const auto states = bytes(static_cast<std::size_t>(layers * directions * layer.batch), layer.hidden);
    x_ = std::make_unique<Memory>(bytes(tokens, layer.inputs));
    d_x_ = std::make_unique<Memory>(bytes(tokens, layer.inputs));
    y_ = std::make_unique<Memory>(bytes(tokens, directions * layer.hidden));
    d_y_ = std::make_unique<Memory>(bytes(tokens, directions * layer.hidden));
    first_ = std::make_unique<Memory>(states);
    d_hidden_ = std::make_unique<Memory>(states);
    d_cell_ = std::make_unique<Memory>(states);
    weights_ = std::make_unique<Memory>(weight_bytes_);
    d_weights_ = std::make_unique<Memory>(weight_bytes_);
    work_ = std::make_unique<Memory>(work_bytes_);
    reserve_ = std::make_unique<Memory>(reserve_bytes_);
  }

  void forward() const { forward(CUDNN_FWD_MODE_INFERENCE); }
  void forward_backward() const {
    forward(CUDNN_FWD_MODE_TRAINING);
    check(cudnnRNNBackwardData_v8(handle_, rnn_.handle, lengths(), output_.handle, y_->data, d_y_->data,
                                  input_.handle, d_x_->data, state_.handle, first_->data, nullptr,
                                  d_hidden_->data, state_.handle, first_->data, nullptr, d_cell_->data,
                                  weight_bytes_, weights_->data, work_bytes_, work_->data, reserve_bytes_,
                                  reserve_->data),
          "cudnnRNNBackwardData_v8");
    check(cudnnRNNBackwardWeights_v8(handle_, rnn_.handle, CUDNN_WGRAD_MODE_ADD, lengths(), input_.handle,
                                     x_->data, state_.handle, first_->data, output_.handle, y_->data,
                                     weight_bytes_, d_weights_->data, work_bytes_, work_->data,
                                     reserve_bytes_, reserve_->data),
          "cudnnRNNBackwardWeights_v8");
  }

 private:
  const std::int32_t* lengths() const { return static_cast<const std::int32_t*>(device_lengths_.data); }
  void set(DataDescriptor& data, const Precision& precision, const sizes::Layer& layer, int width) {
    check(cudnnCreateRNNDataDescriptor(&data.handle), "cudnnCreateRNNDataDescriptor");
    double zero = 0;
    check(cudnnSetRNNDataDescriptor(data.handle, precision.type, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED,
                                    layer.steps, layer.batch, width, lengths_.data(), &zero),
          "cudnnSetRNNDataDescriptor");
  }
  void forward(cudnnForwardMode_t mode) const {
    const bool training = mode == CUDNN_FWD_MODE_TRAINING;
    check(cudnnRNNForward(handle_, rnn_.handle, mode, lengths(), input_.handle, x_->data, output_.handle,
                          y_->data, state_.handle, first_->data, nullptr, state_.handle, first_->data,
                          nullptr, weight_bytes_, weights_->data, work_bytes_, work_->data,
                          training ? reserve_bytes_ : 0, training ? reserve_->data : nullptr),
          "cudnnRNNForward");
  }

  cudnnHandle_t handle_;
  std::vector<std::int32_t> lengths_;
  Memory device_lengths_;
  DropoutDescriptor dropout_{cudnnDestroyDropoutDescriptor};
  Descriptor rnn_{cudnnDestroyRNNDescriptor};
  DataDescriptor input_{cudnnDestroyRNNDataDescriptor}, output_{cudnnDestroyRNNDataDescriptor};
  StateDescriptor state_{cudnnDestroyTensorDescriptor};
  std::size_t weight_bytes_ = 0, work_bytes_ = 0, reserve_bytes_ = 0;
  std::unique_ptr<Memory> x_, d_x_, y_, d_y_, first_, d_hidden_, d_cell_, weights_, d_weights_, work_,
      reserve_;
};

class Side {
 public:
  Side() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudnnCreate(&handle_), "cudnnCreate");
    check(cudnnSetStream(handle_, stream_), "cudnnSetStream");
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side() {
    rows_.clear();
    (void)cudnnDestroy(handle_);
    (void)cudaStreamDestroy(stream_);
  }

  void add(const sizes::Layer& layer, const Precision& precision, const Algorithm& algorithm) {
    const auto variant = [&](const char* launch) {
      return std::string(precision.name) + ", " + launch + ", " + algorithm.name;
    };
    try {
      const auto one = std::make_shared<LayerCase>(handle_, layer, precision, algorithm);
      const std::function<void()> works[] = {[one] { one->forward(); }, [one] { one->forward_backward(); }};
      for (const auto& work : works) {
        const std::string name = (&work == works ? "forward/" : "forward+backward/") + layer.name();
        for (int i = 0; i < 3; ++i) work();
        wait();
        rows_.push_back({name, variant("eager"), work});
        rows_.push_back({name, variant("graph"), captured(work)});
      }
    } catch (const std::exception& error) {
      std::cerr << "left out: " << layer.name() << ", " << variant("any") << ": " << error.what() << '\n';
    }
  }
  void measure(double budget) const {
    for (const Row& row : rows_)
      side::report({row.name, row.variant, 1,
                    sizes::microseconds(
                        row.work, [this] { wait(); }, budget),
                    "us"});
  }

 private:
  struct Row {
    std::string name, variant;
    std::function<void()> work;
  };
  void wait() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }
  std::function<void()> captured(const std::function<void()>& work) const {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
    std::string refusal;
    try {
      work();
    } catch (const std::exception& error) { refusal = error.what(); }
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    if (!refusal.empty()) throw std::runtime_error("captured " + refusal);
    const auto ready = std::make_shared<Graph>(cudaGraphExecDestroy);
    check(cudaGraphInstantiate(&ready->handle, graph, 0), "cudaGraphInstantiate");
    check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    return [this, ready, work] { check(cudaGraphLaunch(ready->handle, stream_), "cudaGraphLaunch"); };
  }

  cudaStream_t stream_ = nullptr;
  cudnnHandle_t handle_ = nullptr;
  std::vector<Row> rows_;
};

int run(int count, char** words) {
  std::string part, file;
  double budget = 0.05, limit = 60;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--sizes" && i + 1 < count) file = words[++i];
    else if (word == "--budget" && i + 1 < count) budget = std::stod(words[++i]);
    else if (word == "--limit" && i + 1 < count) limit = std::stod(words[++i]);
    else part = word;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limit);
  Side all;
  side::say_version("cuDNN " + std::to_string(cudnnGetVersion()));
  for (const auto& line : sizes::read(file, part))
    for (const auto& precision : precisions)
      for (const auto& algorithm : algorithms) {
        const auto& n = line.numbers;
        if (line.kind == "train") continue;
        if (std::chrono::steady_clock::now() < end)
          all.add({line.kind, n[0], n[1], n[2], n[3]}, precision, algorithm);
        else std::cerr << "left out, no time: " << precision.name << ", " << algorithm.name << '\n';
      }
  return side::serve_rounds([&] { all.measure(budget); });
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(count, words);
  } catch (const std::exception& error) {
    std::cerr << "cudnn_side: " << error.what() << '\n';
    return 1;
  }
}
