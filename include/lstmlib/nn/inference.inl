// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers packed for inference. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/nn/inference.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

LSTMLIB_INLINE void InferenceRnn::last_hidden(Sentences sentences, std::span<float> result) const {
  check_sentences(sentences);
  check_result(result, std::ssize(sentences));
  kernels().forward({sentences, {}, nullptr}, {{}, {result.data(), {std::ssize(sentences), output_size()}}});
}

LSTMLIB_INLINE void InferenceRnn::last_hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const {
  check_rows(x);
  check_result(result, x.sequences());
  kernels().forward({{}, x.values.view(), x.layout.get()},
                    {{}, {result.data(), {x.sequences(), output_size()}}});
}

LSTMLIB_INLINE void InferenceRnn::hidden(Sentences sentences, std::span<float> result) const {
  const Index rows = check_sentences(sentences);
  check_result(result, rows);
  kernels().forward({sentences, {}, nullptr}, {{result.data(), {rows, output_size()}}, {}});
}

LSTMLIB_INLINE void InferenceRnn::hidden(const Ragged<Tensor<float>>& x, std::span<float> result) const {
  check_rows(x);
  check_result(result, x.layout->rows());
  kernels().forward({{}, x.values.view(), x.layout.get()},
                    {{result.data(), {x.layout->rows(), output_size()}}, {}});
}

LSTMLIB_INLINE const InferenceStack& InferenceRnn::kernels() const {
  if (!stack_) fail<Error>("inference: the layers were moved away");
  return *stack_;
}

LSTMLIB_INLINE Index InferenceRnn::check_sentences(Sentences sentences) const {
  if (vocabulary_ == 0) fail<ShapeError>("inference: words, rows of ", input_size_, " numbers expected");
  Index rows = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].empty()) fail<ShapeError>("inference: sentence ", i, " has no words");
    for (const std::int32_t id : sentences[i])
      if ((id < 0 || id >= vocabulary_) && id != ignore_)
        fail<IndexError>("inference: sentence ", i, " has word ", id, ", expected 0 to ", vocabulary_ - 1);
    rows += std::ssize(sentences[i]);
  }
  return rows;
}

LSTMLIB_INLINE void InferenceRnn::check_rows(const Ragged<Tensor<float>>& x) const {
  if (vocabulary_ > 0) fail<ShapeError>("inference: rows of numbers, words expected");
  ops::detail::require_rows("inference", x);
  if (x.values.device() != device_)
    fail<DeviceError>("inference: the input is on ", x.values.device(), ", the layers are on ", device_);
  if (x.values.shape() != Shape{x.layout->rows(), input_size_})
    fail<ShapeError>("inference: input ", x.values.shape(), ", expected [", x.layout->rows(), ", ",
                     input_size_, "]");
}

LSTMLIB_INLINE void InferenceRnn::check_result(std::span<float> result, Index rows) const {
  if (std::ssize(result) != rows * output_size())
    fail<ShapeError>("inference: room for ", result.size(), " numbers, expected ", rows, " times ",
                     output_size());
}

LSTMLIB_INLINE RnnStream::RnnStream(const InferenceRnn& layers)
    : layers_(&layers), memory_(Tensor<float>::zeros({layers.kernels().stream_size()})) {
  if (layers.directions() != 1)
    fail<ShapeError>("stream: the layers have a backward pass, which starts at the end");
}

LSTMLIB_INLINE RnnStream::RnnStream(const RnnStream& other)
    : layers_(other.layers_), memory_(other.memory_.clone()), count_(other.count_) {}

LSTMLIB_INLINE RnnStream& RnnStream::operator=(const RnnStream& other) {
  if (this != &other) *this = RnnStream(other);
  return *this;
}

LSTMLIB_INLINE std::span<const float> RnnStream::step(std::span<const float> row) {
  if (layers_->vocabulary_size() > 0) fail<ShapeError>("stream: a row of numbers, a word expected");
  if (std::ssize(row) != layers_->input_size())
    fail<ShapeError>("stream: ", row.size(), " numbers, expected ", layers_->input_size());
  return step(row.data(), 0);
}

LSTMLIB_INLINE std::span<const float> RnnStream::step(std::int32_t word) {
  if (layers_->vocabulary_size() == 0) fail<ShapeError>("stream: a word, a row of numbers expected");
  if (word < 0 || word >= layers_->vocabulary_size())
    fail<IndexError>("stream: word ", word, ", expected 0 to ", layers_->vocabulary_size() - 1);
  return step(nullptr, word);
}

LSTMLIB_INLINE void RnnStream::reset() {
  count_ = 0;
  for (float& value : memory_.mutable_values()) value = 0;
}

LSTMLIB_INLINE std::span<const float> RnnStream::hidden(Index layer) const {
  check_layer(layer);
  return state(layers_->kernels().stream_hidden(layer, memory_.view().data));
}

LSTMLIB_INLINE std::span<const float> RnnStream::cell(Index layer, Index which) const {
  check_layer(layer);
  if (which < 0) fail<IndexError>("stream: state ", which, ", expected 0 or more");
  return state(layers_->kernels().stream_cell(layer, memory_.view().data, which));
}

LSTMLIB_INLINE std::span<const float> RnnStream::step(const float* row, std::int32_t word) {
  layers_->kernels().step(row, word, count_++, memory_.mutable_view().data);
  return hidden(layers_->layers() - 1);
}

LSTMLIB_INLINE void RnnStream::check_layer(Index layer) const {
  if (layer < 0 || layer >= layers_->layers())
    fail<IndexError>("stream: layer ", layer, ", expected 0 to ", layers_->layers() - 1);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
