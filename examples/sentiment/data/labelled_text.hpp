// SPDX-License-Identifier: MIT
#pragma once
// Text files of labelled sentences, in the format of the Chainer scripts: per line an integer label, white
// space and the sentence.

#include "sentiment/data/text/decoder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

struct LabelledSentence {
  std::string text;        ///< as in the file, without label and surrounding white space
  std::int32_t label = 0;  ///< may be negative; see check_labels
  std::size_t line = 0;    ///< line in the file, from 1

  bool operator==(const LabelledSentence&) const = default;
};

/// Parses labelled sentences. Lines with fewer than 3 characters are skipped, as in the Chainer scripts.
/// Throws FormatError with the decoder's name and the line if a label is not an integer or has no sentence,
/// and whatever the decoder throws.
std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, TextDecoder& decoder);
std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, const std::string& name);

/// Reads a file of labelled sentences. Reports skipped bytes on standard error. Throws FileError if it cannot
/// be read, and FormatError as above, also for a file without sentences or of another type.
std::vector<LabelledSentence> read_labelled_text(const std::filesystem::path& file,
                                                 const TextOptions& options = {});

/// Number of classes of a training set. Throws FormatError unless the labels are 0 to classes - 1, all of
/// them occur, and there are at least two.
std::int32_t count_classes(const std::vector<LabelledSentence>& train, const std::string& name);

/// Throws FormatError with the line number for a label that is not in 0 to classes - 1.
void check_labels(const std::vector<LabelledSentence>& sentences, std::int32_t classes,
                  const std::string& name);

}  // namespace sentiment
