// SPDX-License-Identifier: MIT
#include "sentiment/cloud/error_text.hpp"

#include "sentiment/cloud/xml_answer.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>

namespace sentiment::cloud {
namespace {

/// The first of these members that is a string.
std::string member(const nlohmann::json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto at = object.find(name);
    if (at != object.end() && at->is_string()) return at->get<std::string>();
  }
  return "";
}

}  // namespace

std::string one_line(std::string text, std::size_t max_length) {
  for (char& c : text)
    if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127) c = ' ';
  if (text.size() > max_length) {
    while (max_length > 0 && (text[max_length] & 0xC0) == 0x80)
      --max_length;  // do not cut inside a character
    text = text.substr(0, max_length) + "...";
  }
  return text;
}

ErrorText read_error(const Answer& answer) {
  ErrorText error;
  const auto first = answer.body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const char begin = first == std::string::npos ? ' ' : answer.body[first];
  if (begin == '{') {
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    if (json.is_object()) {
      error.code = member(json, {"__type", "code", "Code"});
      error.text = member(json, {"message", "Message", "errorMessage"});
      if (const std::string of_model = member(json, {"OriginalMessage"}); !of_model.empty())
        error.text += " The model says: " + of_model;
    }
  } else if (begin == '<') {
    if (const auto xml = parse_xml(answer.body)) {
      error.code = xml->text("Code");
      error.text = xml->text("Message");
    }
  }
  if (const std::string named = answer.header("x-amzn-errortype"); !named.empty()) error.code = named;
  // "com.amazonaws.sagemaker#ResourceInUse", "ModelError:http://..."
  if (const auto hash = error.code.find('#'); hash != std::string::npos) error.code.erase(0, hash + 1);
  error.code = one_line(error.code.substr(0, error.code.find(':')), 100);
  return error;
}

}  // namespace sentiment::cloud
