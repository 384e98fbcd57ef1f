// SPDX-License-Identifier: MIT
#include "sentiment/commands/prediction_line.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"

namespace sentiment {

using lstmlib::message;

namespace {

/// A field in the format of RFC 4180: in quotes if necessary.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"') made += '"';
    made += c;
  }
  return made + '"';
}

}  // namespace

std::string prediction_line(const Prediction& p, const std::string& format) {
  if (format == "json")
    return message("{\"sentence\": ", json_text(p.sentence), ", \"prediction\": ", p.label,
                   ", \"score\": ", score_text(p.score), "}");
  if (format == "csv") return message(csv_field(p.sentence), ",", p.label, ",", score_text(p.score));
  return message(p.label, "\t", score_text(p.score), "\t", p.sentence);
}

}  // namespace sentiment
