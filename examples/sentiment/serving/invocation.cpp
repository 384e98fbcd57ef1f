// SPDX-License-Identifier: MIT
#include "sentiment/serving/invocation.hpp"

#include "sentiment/commands/prediction_line.hpp"
#include "sentiment/serving/write_body.hpp"

#include <nlohmann/json.hpp>

namespace sentiment {

using lstmlib::Error;
using lstmlib::fail;

std::string invocation_body(std::span<const std::string> sentences) {
  std::string body = "[";
  for (const auto& sentence : sentences) {
    if (body.size() > 1) body += ", ";
    append_json_text(body, sentence);
  }
  return body + ']';
}

std::string prediction_lines(const std::string& answer, std::size_t count, const std::string& format,
                             const std::string& name) {
  std::string lines;
  std::size_t rows = 0;
  try {
    for (const auto& row : nlohmann::json::parse(answer)) {
      const Prediction prediction{
          row.at(0).get<std::string>(), row.at(1).get<std::int32_t>(), row.at(2).get<float>(), {}};
      lines += prediction_line(prediction, format) + '\n';
      ++rows;
    }
  } catch (const nlohmann::json::exception&) {
    fail<Error>(name, ": the response is not a list of [sentence, class, score]");
  }
  if (rows != count) fail<Error>(name, ": ", rows, " answers for ", count, " sentences");
  return lines;
}

}  // namespace sentiment
