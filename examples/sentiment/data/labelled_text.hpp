// SPDX-License-Identifier: MIT
#pragma once
// Text files of labelled sentences, by the rules of the reference: one a line, an integer label, white space,
// the sentence.

#include "sentiment/data/text/decoder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

struct LabelledSentence {
  std::string text;        ///< as it stands in the file, without the label and the white space around
  std::int32_t label = 0;  ///< may be negative: who needs classes checks, see check_labels
  std::size_t line = 0;    ///< its line in the file, from 1

  bool operator==(const LabelledSentence&) const = default;
};

/// The labelled sentences of a text. Lines below 3 characters are skipped, as the reference does. Throws
/// FormatError with the decoder's name and the line for a label that is no integer and for a label alone, and as
/// the decoder does.
std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, TextDecoder& decoder);
std::vector<LabelledSentence> parse_labelled_text(std::string_view bytes, const std::string& name);

/// Those of a file. Says on standard error where bytes had to be left out. Throws FileError where it cannot be
/// read, FormatError also where there is no sentence in it, or another kind of file's content.
std::vector<LabelledSentence> read_labelled_text(const std::filesystem::path& file,
                                                 const TextOptions& options = {});

/// The number of classes of a training set. Throws FormatError unless the labels are 0 to classes - 1 with
/// none missing, and at least two.
std::int32_t count_classes(const std::vector<LabelledSentence>& train, const std::string& name);

/// Throws FormatError, which names the line, for a label that is not in 0 to classes - 1.
void check_labels(const std::vector<LabelledSentence>& sentences, std::int32_t classes,
                  const std::string& name);

}  // namespace sentiment
