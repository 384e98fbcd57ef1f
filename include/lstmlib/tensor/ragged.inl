// SPDX-License-Identifier: MIT
#pragma once
// Ragged batches. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/tensor/ragged.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

LSTMLIB_INLINE Tokens make_tokens(std::span<const std::vector<std::int32_t>> sentences, Device device) {
  std::vector<std::int32_t> words;
  std::vector<Index> lengths;
  for (const auto& sentence : sentences) {
    words.insert(words.end(), sentence.begin(), sentence.end());
    lengths.push_back(static_cast<Index>(sentence.size()));
  }
  auto layout = std::make_shared<SequenceLayout>(lengths);
  return {Tensor<std::int32_t>::from(words, {layout->rows()}, device), std::move(layout)};
}

}  // namespace lstmlib::inline LSTMLIB_ABI
