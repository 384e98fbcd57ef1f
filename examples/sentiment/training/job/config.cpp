// SPDX-License-Identifier: MIT
#include "sentiment/training/job/config.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace sentiment::job {

using lstmlib::fail;
using lstmlib::FormatError;
using Json = nlohmann::json;

namespace {

/// Parses a document and refuses duplicate keys in an object, for which JSON does not define which value
/// counts. A value is not copied or printed before its type is known, because both recurse as deep as the
/// text is nested.
Json parse(std::string_view text, const std::string& name) {
  std::vector<std::set<std::string>> keys;  // of the currently open objects
  const auto look = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key)
      if (const auto& key = value.get_ref<const std::string&>(); !keys.back().insert(key).second)
        fail<FormatError>(name, ": the key ", lstmlib::io::printable(key), " appears twice");
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), look, false);
  if (json.is_discarded()) fail<FormatError>(name, ": is not JSON");
  return json;
}

Json parse_object(std::string_view text, const std::string& name) {
  Json json = parse(text, name);
  if (!json.is_object()) fail<FormatError>(name, ": is not a JSON object");
  return json;
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Decodes a text that may be JSON itself. Returns false for null.
bool decode(const std::string& text, std::string& value) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_null()) return false;
  value = json.is_string() ? json.get<std::string>() : text;  // keep numbers as written
  return true;
}

std::vector<std::string> texts(const Json& list, const std::string& what) {
  std::vector<std::string> result;
  if (!list.is_array()) fail<FormatError>(what, ": is not a list");
  for (const Json& entry : list) {
    if (!entry.is_string()) fail<FormatError>(what, ": entry ", result.size(), " is not a text");
    result.push_back(entry.get<std::string>());
  }
  return result;
}

}  // namespace

std::vector<Hyperparameter> parse_hyperparameters(std::string_view json, const std::string& name) {
  std::vector<Hyperparameter> result;
  const Json object = parse_object(json, name);
  for (const auto& [key, value] : object.items()) {
    if (key.starts_with("sagemaker_") || value.is_null()) continue;
    if (value.is_structured())
      fail<FormatError>(name, ": ", lstmlib::io::printable(key), " is ",
                        value.is_array() ? "a list" : "an object", ", expected a text");
    std::string text;
    if (decode(scalar_text(value), text)) result.push_back({key, std::move(text)});
  }
  return result;
}

std::vector<Channel> parse_channels(std::string_view json, const std::string& name) {
  std::vector<Channel> result;
  const Json object = parse_object(json, name);
  for (const auto& [channel, settings] : object.items()) {
    if (!settings.is_object())
      fail<FormatError>(name, ": channel ", lstmlib::io::printable(channel), " is not an object");
    const auto mode = settings.find("TrainingInputMode");
    result.push_back({channel, mode != settings.end() && *mode == "Pipe"});
  }
  return result;
}

std::optional<std::string> service_setting(std::string_view json, const std::string& name,
                                           const std::string& setting) {
  const Json object = parse_object(json, name);
  const auto found = object.find(setting);
  std::string text;
  if (found == object.end() || found->is_structured() || !decode(scalar_text(*found), text))
    return std::nullopt;
  return text;
}

Resources parse_resources(std::string_view json, const std::string& name) {
  const Json object = parse_object(json, name);
  const auto hosts = object.find("hosts");
  if (hosts == object.end()) fail<FormatError>(name, ": no key hosts");
  const auto text = [&](const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return std::string();
    if (!found->is_string()) fail<FormatError>(name, ": ", key, " is not a text");
    return found->get<std::string>();
  };
  return {texts(*hosts, name + ": hosts"), text("current_host"), text("network_interface_name")};
}

std::vector<std::string> parse_host_list(std::string_view json, const std::string& name) {
  return texts(parse(json, name), name);
}

}  // namespace sentiment::job
