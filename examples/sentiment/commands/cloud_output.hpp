// SPDX-License-Identifier: MIT
#pragma once
// Prints the results of a cloud command, as lines of names and values, or as a JSON object.

#include "sentiment/cloud/training_job.hpp"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>
#include <string>

namespace sentiment {

class Facts {
 public:
  template <class Value>
  Facts& add(const std::string& name, const Value& value) {
    facts_[name] = value;
    return *this;
  }
  /// Skips an empty text.
  Facts& add_if(const std::string& name, const std::string& text) {
    return text.empty() ? *this : add(name, text);
  }

  void print(bool json) const {
    using Json = nlohmann::ordered_json;
    const auto replaced = Json::error_handler_t::replace;
    if (json) {
      std::cout << facts_.dump(2, ' ', false, replaced) << '\n';
      return;
    }
    const auto line = [](const std::string& name, const Json& value) {
      std::string words = name;
      for (char& c : words)
        if (c == '_') c = ' ';
      std::cout << std::left << std::setw(18) << words
                << cloud::one_line(value.is_string() ? value.get<std::string>()
                                                     : value.dump(-1, ' ', false, replaced))
                << '\n';
    };
    for (const auto& [name, value] : facts_.items()) {
      if (!value.is_array()) line(name, value);
      else
        for (const auto& one : value) line(name, one);
    }
  }

 private:
  nlohmann::ordered_json facts_ = nlohmann::ordered_json::object();
};

/// Facts about a job.
inline Facts facts_of(const cloud::JobState& state) {
  Facts facts;
  facts.add("job", state.name).add("status", state.status).add("secondary_status", state.secondary);
  facts.add_if("failure_reason", state.failure)
      .add("image", state.image)
      .add_if("model", state.model)
      .add("output", state.output);
  if (state.ended())
    facts.add("training_seconds", state.training_seconds).add("billable_seconds", state.billable_seconds);
  return facts;
}

}  // namespace sentiment
