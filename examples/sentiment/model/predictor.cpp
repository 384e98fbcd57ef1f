// SPDX-License-Identifier: MIT
#include "sentiment/model/predictor.hpp"

#include "sentiment/model/device.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sentiment {

namespace {

/// Subtracts the maximum, so that exp cannot overflow.
void softmax(std::span<float> row) {
  const float largest = *std::max_element(row.begin(), row.end());
  float sum = 0;
  for (float& x : row) sum += x = std::exp(x - largest);
  for (float& x : row) x /= sum;
}

/// Sixteen separate sums, so that additions need not wait for each other.
float dot(const float* a, const float* b, std::size_t size) {
  float sums[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16)
    for (std::size_t k = 0; k < 16; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < size; ++i) sums[i % 16] += a[i] * b[i];
  return std::accumulate(std::begin(sums), std::end(sums), 0.0f);
}

}  // namespace

Predictor::Predictor(TrainedModel model, PredictorOptions options)
    : settings_(model.settings), vocabulary_(std::move(model.vocabulary)), batch_size_(options.batch_size) {
  const Device device = find_device(options.device);
  auto* encoder = dynamic_cast<RnnEncoder<float>*>(model.classifier.encoder.get());
  if (!encoder && options.precision != Precision::fp32)
    fail<Error>("precision ", name_of(options.precision), ": a model of type ", name_of(settings_.type),
                " has no recurrent weights, expected fp32");
  if (!encoder || !device.is_cpu()) {
    if (options.precision == Precision::int8)
      fail<Error>("precision int8 is for a CPU, expected fp32, fp32_strict, fp16 or bf16 on ", device);
    if (encoder) encoder->lstm.precision = options.precision;
    model.classifier.to(device);
    layers_ = std::make_unique<const Classifier<float>>(std::move(model.classifier));
    return;
  }
  encoder_.emplace(encoder->embedding, encoder->lstm,
                   nn::InferenceOptions{options.precision, options.projection_cache_bytes});
  const auto copied = [](const Variable<float>& x) {
    const Tensor<float> value = x.value().to(Device::cpu());
    const auto values = value.values();
    return std::vector<float>(values.begin(), values.end());
  };
  weight_ = copied(model.classifier.output.weight);
  bias_ = copied(model.classifier.output.bias);
}

void Predictor::scores(Sentences sentences, std::span<float> result) const {
  if (layers_) return layer_scores(*layers_, sentences, batch_size_, result);
  check_sentences(sentences, vocabulary_.size(), settings_.classes, result);
  const auto units = static_cast<std::size_t>(encoder_->output_size()), classes = bias_.size();
  thread_local std::vector<float> hidden;  // reused, so that a server's threads do not allocate
  hidden.resize(sentences.size() * units);
  encoder_->last_hidden(sentences, hidden);
  for (std::size_t i = 0; i < sentences.size(); ++i)
    for (std::size_t c = 0; c < classes; ++c)
      result[i * classes + c] = bias_[c] + dot(&weight_[c * units], &hidden[i * units], units);
}

void Predictor::probabilities(Sentences sentences, std::span<float> result) const {
  scores(sentences, result);
  const auto classes = static_cast<std::size_t>(settings_.classes);
  for (std::size_t i = 0; i < sentences.size(); ++i) softmax(result.subspan(i * classes, classes));
}

}  // namespace sentiment
