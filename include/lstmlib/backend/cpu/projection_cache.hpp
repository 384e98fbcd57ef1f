// SPDX-License-Identifier: MIT
#pragma once
// The embedding of a stack for inference: the input projections of all words, or just their vectors.

#include "lstmlib/backend/cpu/inference_layer.hpp"

#include <algorithm>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// One row per word, and a row of zeros for the ignored word.
class ProjectionCache {
 public:
  ProjectionCache() = default;  ///< no embedding: inputs are vectors
  /// `bottom`: the first layer, all directions. Caches the projections if they need at most
  /// `projection_cache_bytes`, else keeps the vectors.
  ProjectionCache(View<const float> words, std::int32_t ignore, const std::vector<InferenceLayer>& bottom,
                  Index directions, std::size_t projection_cache_bytes)
      : count_(words.shape[0]),
        features_(words.shape[1]),
        projection_row_(directions * bottom[0].projection_row()),
        ignore_(ignore),
        vectors_((count_ + 1) * features_) {
    std::copy_n(words.data, count_ * features_, vectors_.data());
    if (static_cast<double>(projection_row_) * static_cast<double>(count_ + 1) * sizeof(float) >
        static_cast<double>(projection_cache_bytes))
      return;
    table_ = PackedArray<float>((count_ + 1) * projection_row_);
    constexpr Index chunk = 96;
    parallel_for(divide_up(count_ + 1, chunk), [&](Index i) {
      const Index first = i * chunk, count = std::min(chunk, count_ + 1 - first);
      Scratch scratch;
      float* projections = scratch.take<float>({count, bottom[0].projection_row()}).data;
      for (Index d = 0; d < directions; ++d) {
        const InferenceLayer& layer = bottom[static_cast<std::size_t>(d)];
        layer.project({vectors_.data() + first * features_, features_}, count, 0, layer.blocks(),
                      projections);
        for (Index k = 0; k < count; ++k)
          std::copy_n(projections + k * layer.projection_row(), layer.projection_row(),
                      table_.data() + (first + k) * projection_row_ + d * layer.projection_row());
      }
    });
    vectors_ = {};
  }

  Index count() const { return count_; }
  bool has_projection_cache() const { return table_.data() != nullptr; }
  std::size_t bytes() const { return table_.bytes() + vectors_.bytes(); }
  Index row(std::int32_t word) const { return word == ignore_ ? count_ : word; }
  /// With a cache: [directions][input projections of the first layer].
  const float* projections(std::int32_t word) const { return table_.data() + row(word) * projection_row_; }
  /// Without a cache: [rows][features].
  const float* vectors() const { return vectors_.data(); }
  const float* vector(std::int32_t word) const { return vectors_.data() + row(word) * features_; }

 private:
  Index count_ = 0, features_ = 0, projection_row_ = 0;
  std::int32_t ignore_ = 0;
  PackedArray<float> table_, vectors_;  ///< only one is used
};

}  // namespace lstmlib::cpu
